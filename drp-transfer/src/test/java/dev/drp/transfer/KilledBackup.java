package dev.drp.transfer;

import dev.drp.Progress;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.Coding;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.ObjectName;
import dev.drp.backup.StoredObject;
import dev.drp.backup.TakeBackup;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.IntConsumer;
import java.util.regex.Pattern;

/**
 * A program that takes a backup into a folder and stops at one of the steps by which an object is
 * published, for its parent to kill it there.
 */
final class KilledBackup {
  /** Objects whose publishing is a step of its own kind; the others are as these. */
  private static final Pattern WATCHED =
      Pattern.compile(
          "started\\.json|database\\.dump\\.zst|README\\.md|manifest\\.json|.*VERIFIED.*");

  private KilledBackup() {}

  /** Takes a folder, and the number of the step to stop at. */
  public static void main(String[] arguments) {
    int stopAt = Integer.parseInt(arguments[1]);
    take(
        Path.of(arguments[0]),
        step -> {
          if (step == stopAt) {
            System.out.print('s');
            System.out.flush();
            sleepUntilKilled();
          }
        });
  }

  /** Takes a backup and tells the number of each step just before it is done. */
  static void take(Path folder, IntConsumer steps) {
    BackupFixture fixture = new BackupFixture(folder.resolve("state"));
    Watched watched = new Watched(steps);
    BackupStorage storage =
        watched.storage(
            new DirectoryStorage(
                folder.resolve("backup"), watched.files(folder.resolve("backup"))));
    takeBackup(fixture).take(fixture.request(new NamedStorage("local", false, true, storage)));
  }

  static TakeBackup takeBackup(BackupFixture fixture) {
    return new TakeBackup(
        environment -> fixture.server,
        Coding.plain(new ZstdCompression()),
        fixture.state,
        fixture.clock,
        Progress.SILENT,
        "1.0");
  }

  private static void sleepUntilKilled() {
    try {
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static final class Watched {
    private final IntConsumer steps;
    private int step;
    private boolean watching;

    Watched(IntConsumer steps) {
      this.steps = steps;
    }

    private void step() {
      if (watching) {
        step++;
        steps.accept(step);
      }
    }

    DurableFiles files(Path root) {
      return new DurableFiles(root) {
        @Override
        void force(FileChannel channel) throws IOException {
          step(); // all bytes are written, none need be on the disk
          super.force(channel);
        }

        @Override
        void link(Path temporary, Path target) throws IOException {
          step(); // all bytes are on the disk, under the temporary name
          super.link(temporary, target);
          step(); // both names are there, but not yet on the disk
        }

        @Override
        void delete(Path file) throws IOException {
          step(); // only the temporary file, or the marker, is still too much
          super.delete(file);
        }
      };
    }

    BackupStorage storage(BackupStorage storage) {
      return new BackupStorage() {
        @Override
        public StoredObject put(ObjectName name, Content content) {
          watching = WATCHED.matcher(name.lastSegment()).matches();
          try {
            return storage.put(
                name,
                output -> {
                  step(); // the temporary file is there, and empty
                  content.writeTo(output);
                });
          } finally {
            watching = false;
          }
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
        public InputStream openAt(ObjectName name, long offset) {
          return storage.openAt(name, offset);
        }

        @Override
        public void delete(ObjectName name) {
          watching = WATCHED.matcher(name.lastSegment()).matches();
          try {
            storage.delete(name);
          } finally {
            watching = false;
          }
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
      };
    }
  }
}
