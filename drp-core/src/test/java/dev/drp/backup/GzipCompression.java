package dev.drp.backup;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** A compression that the JDK has, for tests of what uses one. */
public final class GzipCompression implements Compression {
  @Override
  public String name() {
    return "gzip";
  }

  @Override
  public String suffix() {
    return ".gz";
  }

  @Override
  public String undoCommand() {
    return "gzip -dc";
  }

  @Override
  public OutputStream compress(OutputStream output) throws IOException {
    return new GZIPOutputStream(output);
  }

  @Override
  public InputStream decompress(InputStream input) throws IOException {
    return new GZIPInputStream(input);
  }

  @Override
  public byte[] compressFrame(byte[] content) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    try (OutputStream compressed = compress(frame)) {
      compressed.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return frame.toByteArray();
  }

  @Override
  public byte[] decompressFrame(byte[] frame, int plainBytes) throws IOException {
    try (InputStream content = decompress(new ByteArrayInputStream(frame))) {
      byte[] plain = content.readAllBytes();
      if (plain.length != plainBytes) {
        throw new IOException("%d bytes instead of %d".formatted(plain.length, plainBytes));
      }
      return plain;
    }
  }
}
