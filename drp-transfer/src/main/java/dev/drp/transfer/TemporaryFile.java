package dev.drp.transfer;

import dev.drp.backup.BackupStorage;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A file that is not published yet. */
final class TemporaryFile {
  private static final int BUFFER = 1 << 16;

  private final Path path;
  private final FileChannel channel;
  private final DurableFiles files;

  private TemporaryFile(Path path, FileChannel channel, DurableFiles files) {
    this.path = path;
    this.channel = channel;
    this.files = files;
  }

  static TemporaryFile create(Path folder, DurableFiles files) throws IOException {
    Path path = folder.resolve(TemporaryName.next().toString());
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            DurableFiles.OWNER_ONLY_FILE);
    return new TemporaryFile(path, channel, files);
  }

  Path path() {
    return path;
  }

  /**
   * Writes all of it to stable storage and closes it.
   *
   * @return how many bytes
   * @throws IOException when this file cannot be written, whatever the content's own code made of
   *     that failure
   */
  long write(BackupStorage.Content content) throws IOException {
    try (channel) {
      FileOutput output = new FileOutput(channel);
      try {
        OutputStream buffered = new BufferedOutputStream(output, BUFFER);
        content.writeTo(buffered);
        buffered.flush();
      } catch (IOException | RuntimeException e) {
        IOException own = output.failure;
        if (own != null && own != e) {
          own.addSuppressed(e);
          throw own;
        }
        throw e;
      }
      files.force(channel);
      return channel.size();
    }
  }

  /** Remembers its own failure. */
  private static final class FileOutput extends OutputStream {
    private final FileChannel channel;
    private @Nullable IOException failure;

    FileOutput(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      try {
        ByteBuffer buffer = ByteBuffer.wrap(data, offset, length);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
