package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What every {@link CommandRunner} keeps; the place must have sh, cat, wc, yes, sleep and grep. */
public abstract class CommandRunnerContract {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** The runner under test. */
  protected abstract CommandRunner runner();

  @Test
  void returnsTheOutputOfAProgram() {
    assertThat(runner().run(Command.of("echo", "42"))).isEqualTo("42\n");
  }

  @Test
  void passesArgumentsAsTheyAre() {
    String hostile = "a b\n'c' \"d\" $(id) `id` $HOME ; * \\ é";

    assertThat(runner().run(Command.of("printf", "%s|", hostile, ""))).isEqualTo(hostile + "||");
  }

  @Test
  void tellsTheProgramWhenItsInputHasEnded() throws IOException {
    try (RunningCommand running = runner().start(Command.of("wc", "-c"))) {
      running.stdin().write(new byte[70_000]);
      running.stdin().close();

      assertThat(running.stdout().readAllBytes()).asString().isEqualToIgnoringWhitespace("70000");
      assertThat(running.await().exitCode()).isZero();
    }
  }

  @Test
  void passesBytesUnchangedInBothDirectionsAtOnce() throws Exception {
    int blocks = 512;
    try (RunningCommand running = runner().start(Command.of("cat"))) {
      CompletableFuture<byte[]> sent =
          CompletableFuture.supplyAsync(() -> sendRandom(running.stdin(), blocks));
      MessageDigest digest = sha256();
      long received =
          new DigestInputStream(running.stdout(), digest)
              .transferTo(OutputStream.nullOutputStream());

      assertThat(received).isEqualTo(blocks * 65_537L);
      assertThat(digest.digest()).isEqualTo(sent.get());
      assertThat(running.await().exitCode()).isZero();
    }
  }

  @Test
  void passesWhatWasFlushedAtOnce() throws IOException {
    try (RunningCommand running = runner().start(Command.of("cat"))) {
      for (int i = 0; i < 20; i++) {
        running.stdin().write(i);
        running.stdin().flush();

        assertThat(running.stdout().read()).isEqualTo(i);
      }
    }
  }

  @Test
  void tellsTheExitCodeAndTheStandardError() {
    CommandResult result = finish(Command.of("sh", "-c", "echo out; echo broken >&2; exit 7"));

    assertThat(result.exitCode()).isEqualTo(7);
    assertThat(result.errorOutput()).isEqualTo("broken\n");
    assertThatThrownBy(result::requireSuccess)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_FAILED))
        .hasMessageContaining(runner().place())
        .hasMessageContaining("exit code 7: broken");
  }

  @Test
  void tellsWhichSignalEndedAProgram() {
    assertThat(finish(Command.of("sh", "-c", "kill -9 $$")).exitCode()).isEqualTo(128 + 9);
  }

  @Test
  void readsStandardErrorWhileNobodyReadsAnythingAndKeepsItsEnd() {
    String writesMuch = "i=0; while [ $i -lt 30000 ]; do echo line $i >&2; i=$((i+1)); done";
    try (RunningCommand running = runner().start(Command.of("sh", "-c", writesMuch))) {
      CommandResult result = running.await();

      assertThat(result.errorOutput()).hasSize(8 * 1024).endsWith("line 29998\nline 29999\n");
    }
  }

  @Test
  void givesTheProgramItsEnvironmentAndKeepsSecretsOutOfItsArguments() {
    String seen =
        runner()
            .run(
                Command.of("sh", "-c", "echo $DRP_TEST; cat /proc/$$/cmdline")
                    .withEnvironment(Map.of("DRP_TEST", new Secret("s e c'ret"))));

    assertThat(seen).startsWith("s e c'ret\n").containsOnlyOnce("s e c'ret");
  }

  @Test
  void namesAProgramThatIsNotThere() {
    assertThatThrownBy(() -> finish(Command.of("no-such-program-anywhere", "x")))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.COMMAND_NOT_FOUND))
        .hasMessageContaining(runner().place())
        .hasMessageContaining("no-such-program-anywhere")
        .hasMessageContaining("HINT:");
  }

  @Test
  void passesOnAnExitCodeThatLooksLikeAMissingProgram() {
    assertThat(finish(Command.of("sh", "-c", "exit 127")).exitCode()).isEqualTo(127);
    assertThat(finish(Command.of("sh", "-c", "exit 126")).exitCode()).isEqualTo(126);
  }

  @Test
  void endsAProgramWhoseTimeLimitHasPassed() {
    String sleep = uniqueSleep();
    Command slow = Command.of("sleep", sleep).within(Duration.ofMillis(300));

    assertThatThrownBy(() -> finish(slow))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMED_OUT))
        .hasMessageContaining("sleep did not end within 300 ms");
    assertGone(sleep);
  }

  @Test
  void givesNoOutputForCompleteWhenTheTimeLimitHasPassed() {
    Command slow =
        Command.of("sh", "-c", "echo half; sleep " + uniqueSleep()).within(Duration.ofMillis(400));

    assertThatThrownBy(() -> runner().run(slow))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.TIMED_OUT));
  }

  @Test
  void endsAProgramThatIsClosedEarly() {
    String sleep = uniqueSleep();

    runner().start(Command.of("sleep", sleep)).close();

    assertGone(sleep);
  }

  @Test
  void endsAProgramThatIsBlockedBecauseNobodyReads() throws IOException {
    String text = "text" + uniqueSleep();
    RunningCommand running = runner().start(Command.of("yes", text));
    assertThat(running.stdout().readNBytes(1000)).hasSize(1000);

    running.close();
    running.close();

    assertGone(text);
  }

  @Test
  void endsWhatTheProgramStartedTooEvenInTheBackgroundAndDeafToTerm() {
    String first = uniqueSleep();
    String second = uniqueSleep();
    String third = uniqueSleep();
    String starts =
        "trap '' TERM; (sleep %s &); (sleep %s & exec sleep %s); wait"
            .formatted(first, second, third);
    RunningCommand running = runner().start(Command.of("sh", "-c", starts));
    awaitRunning(third);

    running.close();

    assertGone(first);
    assertGone(second);
    assertGone(third);
  }

  @Test
  void leavesOtherProgramsAlone() throws IOException {
    String sleep = uniqueSleep();
    try (RunningCommand bystander = runner().start(Command.of("wc", "-c"))) {
      runner().start(Command.of("sleep", sleep)).close();
      assertGone(sleep);

      bystander.stdin().close();
      assertThat(bystander.stdout().readAllBytes()).asString().isEqualToIgnoringWhitespace("0");
      assertThat(bystander.await().exitCode()).isZero();
    }
  }

  @Test
  void interruptsAReaderOfAProgramThatSaysNothing() throws Exception {
    String argument = uniqueSleep();
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try (RunningCommand running = runner().start(Command.of("sleep", argument))) {
                running.stdout().read();
              } catch (InterruptedIOException e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
              } catch (IOException | RuntimeException e) {
                interrupted.completeExceptionally(e);
              } finally {
                interrupted.complete(false);
              }
            });
    reader.start();
    awaitRunning(argument);

    reader.interrupt();

    assertThat(interrupted.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    reader.join(PATIENCE.toMillis());
    assertGone(argument);
  }

  @Test
  void endsAProgramAlsoForAThreadThatIsInterrupted() throws Exception {
    String sleep = uniqueSleep();
    CompletableFuture<ErrorCode> failure = new CompletableFuture<>();
    CompletableFuture<Boolean> flagged = new CompletableFuture<>();
    Thread waiter =
        new Thread(
            () -> {
              try (RunningCommand running = runner().start(Command.of("sleep", sleep))) {
                running.await();
              } catch (RecoveryException e) {
                failure.complete(e.code());
                flagged.complete(Thread.currentThread().isInterrupted());
              }
            });
    waiter.start();
    awaitRunning(sleep);

    waiter.interrupt();
    waiter.join(PATIENCE.toMillis());

    assertThat(failure.getNow(ErrorCode.USAGE)).isEqualTo(ErrorCode.INTERRUPTED);
    assertThat(flagged.getNow(false)).isTrue();
    assertGone(sleep);
  }

  private CommandResult finish(Command command) {
    try (RunningCommand running = runner().start(command)) {
      running.stdin().close();
      try (InputStream stdout = running.stdout()) {
        stdout.transferTo(OutputStream.nullOutputStream());
      }
      return running.await();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] sendRandom(OutputStream stdin, int blocks) {
    MessageDigest digest = sha256();
    try (OutputStream out = new DigestOutputStream(stdin, digest)) {
      byte[] block = new byte[65_537];
      Random random = new Random(4711);
      for (int i = 0; i < blocks; i++) {
        random.nextBytes(block);
        out.write(block);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return digest.digest();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An argument for sleep, hours away, by which exactly one program can be recognized. */
  private static String uniqueSleep() {
    return Long.toString(ThreadLocalRandom.current().nextLong(100_000_000L, 999_999_999L));
  }

  private void assertGone(String argument) {
    assertThat(programsWith(argument)).as("programs that still run").isEmpty();
  }

  private void awaitRunning(String argument) {
    long start = System.nanoTime();
    while (programsWith(argument).isEmpty()) {
      assertThat(System.nanoTime() - start)
          .as("%s not seen", argument)
          .isLessThan(PATIENCE.toNanos());
    }
  }

  private List<String> programsWith(String argument) {
    String all =
        runner()
            .run(
                Command.of(
                    "sh",
                    "-c",
                    "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done 2>/dev/null;"
                        + " :"));
    return Arrays.stream(all.split("\n", -1)).filter(line -> line.contains(argument)).toList();
  }
}
