package dev.drp.transfer;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * An object that is being read. An answer that breaks off, or ends before its time, is asked for
 * again from there on. Used by one thread.
 */
final class S3Download extends InputStream {
  private static final int MOST_BREAKS = 4;
  private static final int BEHIND_THE_END = 416;

  private final S3Client client;
  private final String bucket;
  private final String key;
  private @Nullable ResponseInputStream<GetObjectResponse> answer;
  private long position;
  private long end;
  private int breaks;

  private S3Download(S3Client client, String bucket, String key, long offset) {
    this.client = client;
    this.bucket = bucket;
    this.key = key;
    this.position = offset;
  }

  static InputStream open(S3Client client, String bucket, String key, long offset) {
    S3Download download = new S3Download(client, bucket, key, offset);
    try {
      download.ask();
    } catch (S3Exception e) {
      if (e.statusCode() == BEHIND_THE_END && offset > 0) {
        return InputStream.nullInputStream();
      }
      throw e;
    }
    return download;
  }

  private void ask() {
    GetObjectRequest.Builder request = GetObjectRequest.builder().bucket(bucket).key(key);
    if (position > 0) {
      request.range("bytes=%d-".formatted(position));
    }
    ResponseInputStream<GetObjectResponse> opened = client.getObject(request.build());
    answer = opened;
    end = position + opened.response().contentLength();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (position < end) {
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted");
      }
      int count = readSome(buffer, offset, length);
      if (count > 0) {
        position += count;
        breaks = 0;
        return count;
      }
    }
    return -1;
  }

  /** Less than 1 when the answer broke off and was asked for again. */
  private int readSome(byte[] buffer, int offset, int length) throws IOException {
    ResponseInputStream<GetObjectResponse> open = answer;
    if (open == null) {
      throw new IOException("it is closed");
    }
    try {
      int count = open.read(buffer, offset, length);
      if (count >= 0) {
        return count;
      }
      throw new IOException("the answer ends at byte %d of %d".formatted(position, end));
    } catch (IOException | SdkException e) {
      if (++breaks >= MOST_BREAKS) {
        throw e instanceof IOException failure ? failure : new IOException(e.getMessage(), e);
      }
      open.abort();
      try {
        ask();
      } catch (SdkException again) {
        again.addSuppressed(e);
        throw new IOException(again.getMessage(), again);
      }
      return 0;
    }
  }

  /** Without reading what is left of the answer. */
  @Override
  public void close() {
    if (answer != null) {
      if (position < end) {
        answer.abort();
      } else {
        closeQuietly(answer);
      }
      answer = null;
    }
  }

  private static void closeQuietly(InputStream read) {
    try {
      read.close();
    } catch (IOException e) {
      // all of it has been read
    }
  }
}
