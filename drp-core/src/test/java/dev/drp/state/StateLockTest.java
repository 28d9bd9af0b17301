package dev.drp.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateLockTest {
  @TempDir Path folder;
  private EnvironmentState state;

  @BeforeEach
  void prepare() {
    state = StateDirectory.open(folder, Clock.systemUTC()).environment("shop", "production");
  }

  @Test
  void keepsTwoThreadsOfOneProcessApart() {
    try (StateLock held = state.lockBackups("a backup")) {
      assertLocked("a backup, process " + ProcessHandle.current().pid());
      assertLocked("a backup, process"); // the first attempt must not have released it
    }

    state.lockBackups("another").close();
  }

  @Test
  void keepsTwoProcessesApartAndEndsWithItsProcess() throws Exception {
    Process holder = holdLockInAnotherProcess();
    try {
      assertLocked("a backup elsewhere, process " + holder.pid());
      assertThat(state.lockHolder()).get().asString().contains("a backup elsewhere");
    } finally {
      holder.destroyForcibly();
    }
    holder.waitFor();

    assertThat(state.lockHolder()).isEmpty();
    state.lockBackups("the next").close();
  }

  @Test
  void isNotReleasedByALookAtIt() throws Exception {
    try (StateLock held = state.lockBackups("a backup")) {
      assertThat(state.lockHolder()).isPresent();
      Process other = holdLockInAnotherProcess();
      try {
        assertThat(other.waitFor()).as("it could not get the lock").isEqualTo(5);
      } finally {
        other.destroyForcibly();
      }
    }
  }

  @Test
  void isOneForEachEnvironment() {
    try (StateLock held = state.lockBackups("a backup");
        StateLock other =
            StateDirectory.open(folder, Clock.systemUTC())
                .environment("shop", "staging")
                .lockBackups("a backup")) {
      assertThat(state.lockHolder()).isPresent();
    }
  }

  @Test
  void canBeClosedTwice() {
    StateLock lock = state.lockBackups("a backup");
    lock.close();
    lock.close();

    assertThat(state.lockHolder()).isEmpty();
  }

  private void assertLocked(String holder) {
    assertThatThrownBy(() -> state.lockBackups("a second backup"))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.LOCKED))
        .hasMessageContaining("production")
        .hasMessageContaining(holder);
  }

  /** Returns once the lock is held, or the process has ended without it. */
  private Process holdLockInAnotherProcess() throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(process.getInputStream().read()).isIn((int) 'y', (int) 'n');
    return process;
  }

  /** Holds the lock until it is killed. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] arguments) throws IOException {
      EnvironmentState state =
          StateDirectory.open(Path.of(arguments[0]), Clock.systemUTC())
              .environment("shop", "production");
      try (StateLock held = state.lockBackups("a backup elsewhere")) {
        System.out.print('y');
        System.out.flush();
        System.in.read(); // ends when the parent does
      } catch (RecoveryException e) {
        System.out.print('n');
        System.out.flush();
        System.exit(e.code().exitStatus().code());
      }
    }
  }
}
