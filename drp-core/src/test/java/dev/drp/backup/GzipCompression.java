package dev.drp.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
}
