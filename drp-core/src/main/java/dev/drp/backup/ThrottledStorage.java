package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.Pace;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.OptionalLong;

/**
 * A storage that leaves some of the line to others: what all its users read and write together does
 * not pass faster than a rate.
 */
public final class ThrottledStorage implements BackupStorage {
  /** No piece is larger, so that the line is never taken for long. */
  private static final int PIECE = 1 << 15;

  private final BackupStorage storage;
  private final Pace pace;

  /**
   * @param bytesPerSecond at least 1
   */
  public ThrottledStorage(BackupStorage storage, long bytesPerSecond) {
    this(storage, new Pace(bytesPerSecond));
  }

  ThrottledStorage(BackupStorage storage, Pace pace) {
    this.storage = requireNonNull(storage, "storage");
    this.pace = pace;
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    return storage.put(name, output -> content.writeTo(new SlowOutput(output)));
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    return new SlowInput(storage.openAt(name, offset));
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    return storage.list(folder);
  }

  @Override
  public List<String> names(ObjectName folder) {
    return storage.names(folder);
  }

  @Override
  public void delete(ObjectName name) {
    storage.delete(name);
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    return storage.removeAbandoned(folder);
  }

  @Override
  public OptionalLong freeBytes() {
    return storage.freeBytes();
  }

  @Override
  public String place() {
    return storage.place();
  }

  private final class SlowOutput extends OutputStream {
    private final OutputStream output;

    SlowOutput(OutputStream output) {
      this.output = output;
    }

    @Override
    public void write(int b) throws IOException {
      pace.awaitTurn(1);
      output.write(b);
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      int end = offset + length;
      for (int from = offset; from < end; from += PIECE) {
        int piece = Math.min(PIECE, end - from);
        pace.awaitTurn(piece);
        output.write(data, from, piece);
      }
    }

    @Override
    public void flush() throws IOException {
      output.flush();
    }
  }

  private final class SlowInput extends FilterInputStream {
    SlowInput(InputStream input) {
      super(input);
    }

    @Override
    public int read() throws IOException {
      pace.awaitTurn(1);
      return in.read();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = in.read(buffer, offset, Math.min(length, PIECE));
      if (read > 0) {
        pace.awaitTurn(read);
      }
      return read;
    }
  }
}
