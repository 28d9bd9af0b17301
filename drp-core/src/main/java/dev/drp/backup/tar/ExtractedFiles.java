package dev.drp.backup.tar;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Writes the files of a tar below a folder of this machine, for that folder's owner alone, whoever
 * we are. Of large files, what is written goes to disk while more is unpacked, so that whoever
 * syncs the folder afterwards waits for little. Not safe for concurrent use.
 */
public final class ExtractedFiles implements TarListener, AutoCloseable {
  /** How much is written before the disk gets it. */
  private static final long SLICE = 32 << 20;

  private final OwnersFiles files;
  private final ExecutorService disk = Executors.newSingleThreadExecutor(ExtractedFiles::thread);
  private @Nullable FileChannel open;
  private long notOnItsWay;

  /**
   * @param folder is there; nothing of what comes is in it
   */
  public ExtractedFiles(Path folder) {
    this.files = new OwnersFiles(folder);
  }

  private static Thread thread(Runnable work) {
    Thread created = new Thread(work, "drp-disk");
    created.setDaemon(true);
    return created;
  }

  @Override
  public void begin(TarMember member, byte[] header) {
    Path path = files.path(member.name());
    try {
      if (member.type() == TarMember.FOLDER) {
        files.makeFolders(path);
      } else if (member.isFile()) {
        open = files.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
      } else {
        throw OwnersFiles.impossible(member.name());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void content(byte[] data, int offset, int length) {
    FileChannel file = open;
    if (file == null) {
      return;
    }
    ByteBuffer buffer = ByteBuffer.wrap(data, offset, length);
    try {
      while (buffer.hasRemaining()) {
        file.write(buffer);
      }
      notOnItsWay += length;
      if (notOnItsWay >= SLICE) {
        notOnItsWay = 0;
        disk.execute(() -> flush(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Only a head start: whether all is on disk is known to whoever syncs the folder. */
  private static void flush(FileChannel file) {
    try {
      file.force(false);
    } catch (IOException e) {
      // Closed meanwhile; or a disk that fails, which says so again.
    }
  }

  @Override
  public void end() {
    FileChannel file = open;
    if (file != null) {
      open = null;
      notOnItsWay = 0;
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void filler(byte[] data, int offset, int length) {
    // belongs to no file
  }

  /** Gives up a file that is not complete. */
  @Override
  public void close() {
    disk.shutdownNow();
    end();
  }
}
