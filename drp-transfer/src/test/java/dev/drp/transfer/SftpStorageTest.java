package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.backup.BackupStorage;
import dev.drp.backup.BackupStorageContract;
import dev.drp.transfer.ssh.SshConnections;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
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
    private Sshd sshd;
    private SshConnections connections;

    OnServer(String sftp) {
      this.sftp = sftp;
    }

    @BeforeAll
    void startServer() {
      Path own = folder.resolve("server-" + NUMBER.incrementAndGet());
      assertThat(own.toFile().mkdir()).isTrue();
      sshd = Sshd.start(own, sftp, "");
      connections = sshd.connections();
    }

    @AfterAll
    void stopServer() {
      connections.close();
      sshd.close();
    }

    @Override
    protected BackupStorage newStorage() {
      return new SftpStorage(
          connections, folder.resolve("backup-" + NUMBER.incrementAndGet()).toString());
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
  }
}
