package dev.drp.transfer;

import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage.Content;
import dev.drp.plan.ObjectLock;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ObjectLockMode;
import software.amazon.awssdk.services.s3.model.ObjectLockRetentionMode;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * An object that is being written: in one request if it is small, else in parts, of which up to
 * four are on their way while the next one fills. Closing it before it is complete removes what was
 * sent. Used by one thread.
 *
 * <p>Services differ in what they enforce. One that does not tell the checksum of what it received
 * has not compared it: what it has is read back. One that completes an upload whatever is there
 * already is asked what is there, just before and after. One that forgets to lock what came in
 * parts is told once more.
 */
final class S3Upload extends OutputStream implements AutoCloseable {

  /** Of larger objects, whoever writes them reads back all of it; see the design note. */
  private static final long MOST_READ_BACK = 64 << 20;

  private static final byte[] NONE = {};
  private static final int NOT_FOUND = 404;
  private static final int CONFLICT = 409;
  private static final int PRECONDITION_FAILED = 412;

  private final S3Client client;
  private final S3Bucket bucket;
  private final String key;
  private final Sizes sizes;
  private final Instant begun;
  private final List<CompletedPart> parts = new ArrayList<>();
  private final Deque<Sending> onTheWay = new ArrayDeque<>();
  private final Checksum[] whole = {new CRC32C(), new CRC32()};
  private @Nullable ExecutorService senders;
  private @Nullable String uploadId;
  private @Nullable RuntimeException failure;
  private volatile boolean compared = true;
  private byte[] buffer;
  private int filled;
  private int sent;
  private long bytes;

  /**
   * How large parts are. S3 allows 10,000 of them, so later ones are larger.
   *
   * @param first of the first parts
   */
  record Sizes(int first) {
    static final Sizes USUAL = new Sizes(8 << 20);

    private static final int MOST_AT_ONCE = 4;
    private static final int LEAST_AT_ONCE = 2;
    private static final int MOST_PARTS = 10_000;
    private static final int FIRST_PARTS = 1_000;
    private static final int SECOND_PARTS = 4_000;

    int of(int number) {
      return number <= FIRST_PARTS ? first : number <= SECOND_PARTS ? 2 * first : 4 * first;
    }

    /**
     * How many parts are on their way when this one starts, itself among them: fewer, if larger.
     */
    int atOnce(int number) {
      return Math.max(LEAST_AT_ONCE, MOST_AT_ONCE * first / of(number));
    }
  }

  /**
   * An object that is there.
   *
   * @param tag what the service calls this content of it; without quotes
   * @param locked whether the service says that it has a retention
   */
  record Present(long bytes, String tag, Optional<String> version, boolean locked) {}

  /** A part that is on its way, and the memory that it is in. */
  private static final class Sending {
    final byte[] data;
    final Future<CompletedPart> part;

    Sending(byte[] data, Future<CompletedPart> part) {
      this.data = data;
      this.part = part;
    }
  }

  /** There is another object of that name. */
  static final class OtherContent extends IOException {
    private static final long serialVersionUID = 1L;

    OtherContent(String message) {
      super(message);
    }
  }

  S3Upload(S3Client client, S3Bucket bucket, String key, Sizes sizes, Clock clock) {
    this.client = client;
    this.bucket = bucket;
    this.key = key;
    this.sizes = sizes;
    this.begun = clock.instant();
    this.buffer = new byte[sizes.of(1)];
  }

  static Optional<Present> find(S3Client client, S3Bucket bucket, String key) {
    try {
      HeadObjectResponse head = client.headObject(it -> it.bucket(bucket.name()).key(key));
      return Optional.of(
          new Present(
              head.contentLength(),
              unquoted(head.eTag()),
              Optional.ofNullable(head.versionId()),
              head.objectLockMode() != null));
    } catch (S3Exception e) {
      if (e.statusCode() == NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What the service calls it; empty where it has no name for it. */
  static String codeOf(S3Exception e) {
    AwsErrorDetails details = e.awsErrorDetails();
    String code = details == null ? null : details.errorCode();
    return code == null ? "" : code;
  }

  /** What the service says, without the client's remarks; else what the client says. */
  static String messageOf(Exception e) {
    if (e instanceof S3Exception refused && !codeOf(refused).isEmpty()) {
      return "%s (%s)".formatted(refused.awsErrorDetails().errorMessage(), codeOf(refused));
    }
    return String.valueOf(e.getMessage());
  }

  /**
   * Writes all of it and publishes it, unless it is there already.
   *
   * @param present what is there already: then nothing is sent, and the content is compared
   * @return how many bytes
   * @throws OtherContent when it is there with other content
   */
  long write(Content content, Optional<Present> present) throws IOException {
    if (present.isPresent()) {
      try (Compared compared = new Compared()) {
        content.writeTo(compared);
        compared.requireSame();
      }
      requireLocked(present.get());
      return present.get().bytes();
    }
    try {
      content.writeTo(this);
    } catch (IOException | RuntimeException e) {
      RuntimeException own = failure;
      if (own != null && own != e) { // whatever the content's own code made of it
        own.addSuppressed(e);
        throw own;
      }
      throw e;
    }
    String tag = publish();
    if (compared && sent == 0 && !tag.isEmpty()) {
      return bytes; // as in all that a service does with one request
    }
    Present there =
        find(client, bucket, key).orElseThrow(() -> new IOException("it is not there any more"));
    if (!there.tag().equals(tag)) {
      requireSameAsSent();
    } else if (!compared && bytes <= MOST_READ_BACK && !isSameAsSent()) {
      client.deleteObject(it -> it.bucket(bucket.name()).key(key));
      throw new IOException("what was stored is not what was sent");
    }
    requireLocked(there);
    return bytes;
  }

  /** Gives the tag of what was sent; an empty one when something was there already. */
  private String publish() throws IOException {
    try {
      if (uploadId == null) {
        return putWhole();
      }
      sendBuffer();
      while (!onTheWay.isEmpty()) {
        awaitOldest();
      }
      // A service that ignores the condition would replace what came meanwhile.
      return find(client, bucket, key).isPresent() ? "" : complete();
    } catch (S3Exception e) {
      if (!isThere(e)) {
        throw e;
      }
      return "";
    }
  }

  /** Ceph 16 forgets the retention of what is sent in parts, and says nothing. */
  private void requireLocked(Present there) {
    if (there.locked()) {
      return;
    }
    bucket
        .lock()
        .ifPresent(
            lock ->
                client.putObjectRetention(
                    it ->
                        it.bucket(bucket.name())
                            .key(key)
                            .versionId(there.version().orElse(null))
                            .retention(
                                set ->
                                    set.mode(retention(lock))
                                        .retainUntilDate(lock.duration().after(begun)))));
  }

  private static boolean isThere(S3Exception e) {
    return e.statusCode() == PRECONDITION_FAILED || e.statusCode() == CONFLICT;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] data, int offset, int length) throws IOException {
    for (Checksum each : whole) {
      each.update(data, offset, length);
    }
    bytes += length;
    int from = offset;
    int end = offset + length;
    while (from < end) {
      if (filled == buffer.length) {
        sendBuffer(); // only now, as an object of just one part needs no others
      }
      int count = Math.min(end - from, buffer.length - filled);
      System.arraycopy(data, from, buffer, filled, count);
      filled += count;
      from += count;
    }
  }

  private String putWhole() {
    String checksum = checksum(buffer, filled);
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(bucket.name())
            .key(key)
            .ifNoneMatch("*")
            .checksumCRC32C(checksum);
    bucket
        .lock()
        .ifPresent(
            lock ->
                request
                    .objectLockMode(mode(lock))
                    .objectLockRetainUntilDate(lock.duration().after(begun)));
    PutObjectResponse answer = client.putObject(request.build(), body(buffer, filled));
    compared = checksum.equals(answer.checksumCRC32C());
    return unquoted(answer.eTag());
  }

  private void sendBuffer() throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted");
    }
    if (sent == Sizes.MOST_PARTS) {
      throw new IOException("%d bytes are more than one object can have".formatted(bytes));
    }
    try {
      String upload = begin();
      int number = ++sent;
      byte[] next = NONE;
      while (onTheWay.size() >= sizes.atOnce(number)) {
        next = awaitOldest();
      }
      byte[] data = buffer;
      int length = filled;
      onTheWay.add(new Sending(data, senders().submit(() -> send(upload, number, data, length))));
      int size = sizes.of(number + 1);
      buffer = next.length == size ? next : new byte[size];
      filled = 0;
    } catch (SdkException | RecoveryException e) {
      failure = e;
      throw e;
    }
  }

  private String begin() {
    String upload = uploadId;
    if (upload == null) {
      CreateMultipartUploadRequest.Builder request =
          CreateMultipartUploadRequest.builder()
              .bucket(bucket.name())
              .key(key)
              .checksumAlgorithm(ChecksumAlgorithm.CRC32_C);
      bucket
          .lock()
          .ifPresent(
              lock ->
                  request
                      .objectLockMode(mode(lock))
                      .objectLockRetainUntilDate(lock.duration().after(begun)));
      upload = client.createMultipartUpload(request.build()).uploadId();
      uploadId = upload;
    }
    return upload;
  }

  private ExecutorService senders() {
    ExecutorService known = senders;
    if (known == null) {
      known =
          Executors.newFixedThreadPool(
              Sizes.MOST_AT_ONCE,
              work -> {
                Thread thread = new Thread(work, "drp-s3");
                thread.setDaemon(true);
                return thread;
              });
      senders = known;
    }
    return known;
  }

  private CompletedPart send(String upload, int number, byte[] data, int length) {
    String checksum = checksum(data, length);
    UploadPartResponse answer =
        client.uploadPart(
            it ->
                it.bucket(bucket.name())
                    .key(key)
                    .uploadId(upload)
                    .partNumber(number)
                    .checksumCRC32C(checksum),
            body(data, length));
    if (!checksum.equals(answer.checksumCRC32C())) {
      compared = false;
    }
    return CompletedPart.builder()
        .partNumber(number)
        .eTag(answer.eTag())
        .checksumCRC32C(checksum)
        .build();
  }

  /** Gives its memory, to be used again. */
  private byte[] awaitOldest() {
    Sending oldest = onTheWay.remove();
    try {
      parts.add(oldest.part.get());
      return oldest.data;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof SdkException refused
          ? refused
          : new IllegalStateException("cannot send a part of " + key, e.getCause());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("sending " + key, e);
    }
  }

  private String complete() {
    CompleteMultipartUploadResponse answer =
        client.completeMultipartUpload(
            it ->
                it.bucket(bucket.name())
                    .key(key)
                    .uploadId(uploadId)
                    .ifNoneMatch("*")
                    .multipartUpload(all -> all.parts(parts)));
    uploadId = null;
    String tag = unquoted(answer.eTag());
    return tag.isEmpty() ? tagOfParts() : tag; // Ceph 16 does not say
  }

  /** As S3 makes it of those of the parts; an empty one where they are something else. */
  private String tagOfParts() {
    try {
      MessageDigest all = MessageDigest.getInstance("MD5");
      for (CompletedPart part : parts) {
        all.update(HexFormat.of().parseHex(unquoted(part.eTag())));
      }
      return HexFormat.of().formatHex(all.digest()) + "-" + parts.size();
    } catch (IllegalArgumentException e) {
      return "";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  private static String unquoted(@Nullable String tag) {
    return tag == null ? "" : tag.replace("\"", "");
  }

  /** Removes what was sent and is not complete. */
  @Override
  public void close() {
    if (senders != null) {
      senders.shutdownNow();
    }
    if (uploadId != null) {
      boolean interrupted = Thread.interrupted(); // this has to be done all the same
      try {
        client.abortMultipartUpload(it -> it.bucket(bucket.name()).key(key).uploadId(uploadId));
      } catch (SdkException e) {
        // a later run removes it
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** Somebody else was quicker: with the same content, all is well. */
  private void requireSameAsSent() throws IOException {
    if (!isSameAsSent()) {
      throw new OtherContent("other content");
    }
  }

  private boolean isSameAsSent() throws IOException {
    try (InputStream stored = S3Download.open(client, bucket.name(), key, 0)) {
      Checksum[] other = {new CRC32C(), new CRC32()};
      byte[] piece = new byte[1 << 16];
      long size = 0;
      for (int n = stored.read(piece); n >= 0; n = stored.read(piece)) {
        for (Checksum each : other) {
          each.update(piece, 0, n);
        }
        size += n;
      }
      return size == bytes
          && other[0].getValue() == whole[0].getValue()
          && other[1].getValue() == whole[1].getValue();
    }
  }

  private static ObjectLockMode mode(ObjectLock lock) {
    return switch (lock.mode()) {
      case GOVERNANCE -> ObjectLockMode.GOVERNANCE;
      case COMPLIANCE -> ObjectLockMode.COMPLIANCE;
    };
  }

  private static ObjectLockRetentionMode retention(ObjectLock lock) {
    return ObjectLockRetentionMode.fromValue(mode(lock).toString());
  }

  /** Without a copy; what is sent stays as it is until the service has answered. */
  private static RequestBody body(byte[] data, int length) {
    return RequestBody.fromContentProvider(
        () -> new ByteArrayInputStream(data, 0, length), length, "application/octet-stream");
  }

  private static String checksum(byte[] data, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(data, 0, length);
    return Base64.getEncoder()
        .encodeToString(ByteBuffer.allocate(4).putInt((int) checksum.getValue()).array());
  }

  /** Compares what is written to it with what is stored. */
  private final class Compared extends OutputStream {
    private final InputStream stored = S3Download.open(client, bucket.name(), key, 0);
    private boolean differs;

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      byte[] there = stored.readNBytes(length);
      differs |= !java.util.Arrays.equals(there, 0, there.length, data, offset, offset + length);
      requireNoDifference();
    }

    void requireSame() throws IOException {
      differs |= stored.read() >= 0;
      requireNoDifference();
    }

    private void requireNoDifference() throws OtherContent {
      if (differs) {
        throw new OtherContent("other content");
      }
    }

    @Override
    public void close() throws IOException {
      stored.close();
    }
  }
}
