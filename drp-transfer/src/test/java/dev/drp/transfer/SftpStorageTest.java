package dev.drp.transfer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.backup.BackupStorage;
import dev.drp.backup.BackupStorageContract;
import dev.drp.backup.ObjectName;
import dev.drp.transfer.ssh.SshConnections;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** On a real sshd. */
class SftpStorageTest {
  private static final AtomicInteger NUMBER = new AtomicInteger();

  /** One server for the class, a folder for each test. */
  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class OnServer extends BackupStorageContract {
    private final String sftp;
    @TempDir static Path folder;
    private @Nullable Sshd sshd;
    private @Nullable SshConnections connections;

    OnServer(String sftp) {
      this.sftp = sftp;
    }

    @BeforeAll
    void startServer() throws IOException {
      Path own = folder.resolve("server-" + NUMBER.incrementAndGet());
      assertThat(own.toFile().mkdir()).isTrue();
      sshd = Sshd.start(own, sftp, settings());
      connections = sshd.connections();
    }

    @AfterAll
    void stopServer() throws IOException {
      if (connections != null) {
        connections.close();
      }
      if (sshd != null) {
        sshd.close();
      }
    }

    /** Further lines of the server's configuration. */
    String settings() {
      return "";
    }

    /** Where the server has the folders of the tests. */
    String parent() {
      return folder.toString();
    }

    @Override
    protected BackupStorage newStorage() {
      return new SftpStorage(
          requireNonNull(connections), parent() + "/backup-" + NUMBER.incrementAndGet());
    }
  }

  @Nested
  class WithLinks extends OnServer {
    WithLinks() {
      super("internal-sftp");
    }
  }

  @Nested
  class WithoutLinks extends OnServer {
    WithoutLinks() {
      super("internal-sftp -P hardlink,fsync,statvfs,limits");
    }
  }

  @Nested
  class WithoutLinksAndRenames extends OnServer {
    WithoutLinksAndRenames() {
      super("internal-sftp -P hardlink,rename,posix-rename");
    }

    /** One that has found out already how it has to publish. */
    @Override
    protected BackupStorage newStorage() {
      BackupStorage storage = super.newStorage();
      ObjectName first = new ObjectName("first");
      storage.put(first, output -> {});
      storage.delete(first);
      return storage;
    }
  }

  /** Where the account sees nothing but a folder, in which there is no program. */
  @Nested
  @Tag("root")
  class InAJail extends OnServer {
    private final Path jail = Path.of("/run/drp-test-" + ProcessHandle.current().pid());

    InAJail() {
      super("internal-sftp");
    }

    @Override
    String settings() {
      return "ChrootDirectory " + jail;
    }

    @Override
    String parent() {
      return "/srv";
    }

    /** Root's alone, as are all folders above it: else sshd refuses it. */
    @Override
    @BeforeAll
    void startServer() throws IOException {
      assumeTrue(Sshd.isRoot(), "only root can lock an account up");
      Files.createDirectories(jail.resolve("srv"));
      super.startServer();
    }

    @Override
    @AfterAll
    void stopServer() throws IOException {
      super.stopServer();
      if (Files.exists(jail)) {
        try (Stream<Path> all = Files.walk(jail)) {
          for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(path);
          }
        }
      }
    }
  }
}
