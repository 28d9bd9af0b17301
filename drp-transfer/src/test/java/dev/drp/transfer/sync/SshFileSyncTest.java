package dev.drp.transfer.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.Progress;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.sync.FileSync;
import dev.drp.sync.FileSyncContract;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import dev.drp.transfer.Sshd;
import dev.drp.transfer.ssh.SshConnections;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Over a real sshd, with and without rsync on its side. */
class SshFileSyncTest {
  @Nested
  class WithRsync extends OverSsh {
    @Override
    String path(Path folder) {
      assumeTrue(Files.isExecutable(Path.of("/usr/bin/rsync")), "there is no rsync here");
      return "/usr/bin:/bin";
    }

    @Test
    void sendsLargeFilesByRsyncAndOthersByTar() throws Exception {
      random("large", 2 << 20);
      random("small", 10);

      assertThat(push().carriers()).containsExactly("tar", "rsync");
    }

    @Test
    void needsNoSshOnThisMachine() throws Exception {
      random("large", 2 << 20);
      Path here = programs(folder, "rsync", "cat");
      CommandRunner withoutSsh =
          new WithVariable(new LocalCommandRunner(), "PATH", here.toString());
      assertThatThrownBy(() -> withoutSsh.run(Command.of("sh", "-c", "ssh -V")))
          .hasMessageContaining("ssh: not found");

      try (SshFileSync sync = new SshFileSync(connections(), withoutSsh)) {
        SyncReport report = sync.sync(request(SyncRequest.Direction.PUSH), Progress.SILENT);

        assertThat(report.carriers()).containsExactly("rsync");
        assertThat(report.isComplete()).isTrue();
      }
      assertSame();
    }

    @Test
    void endsAShellThatWaitedForRsyncInVain() throws Exception {
      random("large", 2 << 20);
      push();

      int before = sshd().started();
      push();

      await(() -> sshd().started() == before + 2 && sshd().shells() == 0);
    }

    @Test
    void startsOneShellBesideRsyncWhereAllFilesAreLarge() throws Exception {
      Files.createDirectories(source.resolve("folder/empty"));
      random("folder/large", 2 << 20);
      assertThat(startedBy(this::push)).isEqualTo(2);
      assertSame();

      random("folder/large", 3 << 20);
      assertThat(startedBy(this::push)).isEqualTo(2);
      assertSame();
    }
  }

  @Nested
  class WithoutRsync extends OverSsh {
    @Override
    String path(Path folder) throws Exception {
      return pathWithoutRsync(folder);
    }

    @Test
    void sendsAllByTar() throws Exception {
      random("large", 2 << 20);

      assertThat(push().carriers()).containsExactly("tar");
    }
  }

  @TestInstance(TestInstance.Lifecycle.PER_CLASS)
  abstract static class OverSsh extends FileSyncContract {
    private Sshd sshd;
    private SshFileSync fileSync;

    abstract String path(Path folder) throws Exception;

    @BeforeAll
    void start(@TempDir Path own) throws Exception {
      sshd = Sshd.withPrograms(own, path(own));
    }

    @AfterAll
    void stop() {
      if (sshd != null) {
        sshd.close();
      }
    }

    @BeforeEach
    void connect() {
      fileSync = new SshFileSync(sshd.connections(), new LocalCommandRunner());
    }

    @AfterEach
    void disconnect() {
      fileSync.close();
    }

    /** Where accounts have long profiles, each start takes longer than all that is done then. */
    @Test
    void startsOneShellWhereNothingIsDeleted() throws Exception {
      Files.createDirectory(source.resolve("folder"));
      random("folder/small", 10);
      assertThat(startedBy(this::push)).isOne();
      assertSame();

      random("folder/small", 11);
      random("folder/other", 11);
      assertThat(startedBy(this::push)).isOne();
      assertSame();
      assertThat(startedBy(this::push)).isOne();
    }

    final SshConnections connections() {
      return sshd.connections();
    }

    final Sshd sshd() {
      return sshd;
    }

    final int startedBy(Runnable action) throws Exception {
      await(() -> sshd.shells() == 0); // one that waited in vain may begin late
      int before = sshd.started();
      action.run();
      return sshd.started() - before;
    }

    static void await(Callable<Boolean> state) throws Exception {
      Instant end = Instant.now().plusSeconds(10);
      while (!state.call()) {
        assertThat(Instant.now()).isBefore(end);
        Thread.sleep(5);
      }
    }

    @Override
    protected FileSync fileSync() {
      return fileSync;
    }
  }

  /** A folder of all that a synchronisation needs, and no more. */
  static String pathWithoutRsync(Path folder) throws Exception {
    return programs(folder).toString();
  }

  private static Path programs(Path folder, String... more) throws Exception {
    Path programs = Files.createDirectory(folder.resolve("programs"));
    List<String> names =
        List.of("sh", "find", "tar", "grep", "id", "xargs", "rm", "rmdir", "mkdir", "stat");
    for (String name : Stream.concat(names.stream(), Stream.of(more)).toList()) {
      Path program =
          Stream.of("/usr/bin", "/bin")
              .map(it -> Path.of(it, name))
              .filter(Files::exists)
              .findFirst()
              .orElseThrow();
      Files.createSymbolicLink(programs.resolve(name), program);
    }
    return programs;
  }
}
