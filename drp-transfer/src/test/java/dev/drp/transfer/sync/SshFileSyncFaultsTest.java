package dev.drp.transfer.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.sync.DeletionLimit;
import dev.drp.sync.SyncProblem;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import dev.drp.sync.SyncRequest.Direction;
import dev.drp.transfer.Sshd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong between two machines. */
class SshFileSyncFaultsTest {
  private static final int SLOW = 1 << 20;

  @TempDir Path folder;
  private Path source;
  private Path target;
  private Sshd sshd;
  private SshFileSync fileSync;

  @BeforeEach
  void start() throws Exception {
    source = Files.createDirectory(folder.resolve("source"));
    target = folder.resolve("target");
    sshd = Sshd.withPrograms(Files.createDirectory(folder.resolve("sshd")), "/usr/bin:/bin");
    fileSync = new SshFileSync(sshd.connections(), new LocalCommandRunner());
  }

  @AfterEach
  void stop() {
    fileSync.close();
    sshd.close();
  }

  @Test
  void goesOnAfterTheConnectionWasCut() throws Exception {
    for (int i = 0; i < 100; i++) {
      random("file" + i, 50_000);
    }
    RecoveryException failure =
        whileRunning(slow(Direction.PUSH, SLOW), () -> files(target) > 20, sshd::cutConnections);

    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.HOST_UNAVAILABLE);
    SyncReport rest = fileSync.sync(request(Direction.PUSH), Progress.SILENT);
    assertThat(rest.isComplete()).isTrue();
    assertThat(rest.changes().size()).isBetween(1, 90);
    assertThat(fileSync.preview(request(Direction.PUSH)).changes()).isEmpty();
  }

  @Test
  void fetchesTheRestAfterTheConnectionWasCut() throws Exception {
    for (int i = 0; i < 100; i++) {
      random("file" + i, 600_000); // more than what is on its way
    }
    RecoveryException failure =
        whileRunning(
            slow(Direction.PULL, 8 * SLOW), () -> files(target) > 10, sshd::cutConnections);

    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.HOST_UNAVAILABLE);
    SyncReport rest = fileSync.sync(request(Direction.PULL), Progress.SILENT);
    assertThat(rest.isComplete()).isTrue();
    assertThat(rest.changes().size()).isBetween(1, 90);
    assertThat(fileSync.preview(request(Direction.PULL)).changes()).isEmpty();
  }

  @Test
  void goesOnInTheMiddleOfALargeFile() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/rsync")), "there is no rsync here");
    random("large", 8 << 20);
    RecoveryException failure =
        whileRunning(
            slow(Direction.PUSH, SLOW), () -> largest(target) > 2 << 20, sshd::cutConnections);

    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.HOST_UNAVAILABLE);
    await(() -> Files.exists(target.resolve(".drp-partial/large")));
    assertThat(target.resolve("large")).doesNotExist();
    SyncReport rest = fileSync.sync(request(Direction.PUSH), Progress.SILENT);
    assertThat(rest.isComplete()).isTrue();
    assertThat(target.resolve("large")).hasSameBinaryContentAs(source.resolve("large"));
    assertThat(target.resolve(".drp-partial")).doesNotExist();
  }

  @Test
  void goesOnAfterTheProgramsThereWereKilled() throws Exception {
    for (int i = 0; i < 100; i++) {
      random("file" + i, 50_000);
    }
    whileRunning(slow(Direction.PUSH, SLOW), () -> files(target) > 20, sshd::cutSessions);

    SyncReport rest = fileSync.sync(request(Direction.PUSH), Progress.SILENT);
    assertThat(rest.isComplete()).isTrue();
    assertThat(rest.changes().size()).isBetween(1, 90);
    assertThat(fileSync.preview(request(Direction.PUSH)).changes()).isEmpty();
  }

  @Test
  void deletesNothingWhenTheSourceVanishesMeanwhile() throws Exception {
    for (int i = 0; i < 100; i++) {
      random("file" + i, 50_000);
    }
    Files.createDirectory(target);
    Files.writeString(target.resolve("precious"), "");

    RecoveryException failure =
        whileRunning(
            slow(Direction.PUSH, SLOW),
            () -> files(target) > 20,
            () -> {
              Files.move(source, folder.resolve("elsewhere"));
              Files.createDirectory(source);
            });

    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.REFUSED);
    assertThat(target.resolve("precious")).exists();
  }

  @Test
  void reportsWhatChangesOrVanishesWhileItIsSent() throws Exception {
    for (int i = 100; i < 200; i++) {
      random("file" + i, 50_000);
    }
    SyncReport[] report = new SyncReport[1];
    whileRunningUntilDone(
        () -> files(target) > 20,
        () -> {
          Files.delete(source.resolve("file198"));
          Files.writeString(source.resolve("file199"), "short");
        },
        report);

    assertThat(report[0].problems())
        .containsExactly(
            new SyncProblem(SyncProblem.Kind.VANISHED, "file198"),
            new SyncProblem(SyncProblem.Kind.CHANGED_MEANWHILE, "file199"));
    assertThat(report[0].isComplete()).isFalse();
    fileSync.sync(request(Direction.PUSH), Progress.SILENT);
    assertThat(target.resolve("file199")).hasContent("short");
    assertThat(target.resolve("file198")).doesNotExist();
  }

  @Test
  @Tag("root")
  void saysThatTheTargetIsFull() throws Exception {
    Files.createDirectory(target);
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", target.toString()) == 0,
        "this user cannot mount a small file system here");
    try {
      random("small", 100_000);
      random("too much", 1_500_000);
      Files.writeString(target.resolve("old"), "stays, as not all was sent");

      RecoveryException failure = failure(Direction.PUSH);

      assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.OUT_OF_SPACE);
      assertThat(target.resolve("old")).exists();
      Files.delete(source.resolve("too much"));
      assertThat(fileSync.sync(request(Direction.PUSH), Progress.SILENT).isComplete()).isTrue();
    } finally {
      assertThat(run("umount", target.toString())).isZero();
    }
  }

  @Test
  void saysThatItMayNotWriteThere() throws Exception {
    Path forbidden = Path.of("/proc/drp");
    Files.writeString(source.resolve("file"), "");

    RecoveryException failure =
        catchThrowableOfType(
            RecoveryException.class,
            () -> fileSync.sync(request(Direction.PUSH, forbidden.toString()), Progress.SILENT));

    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.ACCESS_DENIED);
  }

  @Test
  void connectsToNoHostWhoseKeyHasChanged() throws Exception {
    sshd.expectAnotherHostKey();
    Files.writeString(source.resolve("file"), "");

    assertThat(failure(Direction.PUSH).code()).isEqualTo(ErrorCode.HOST_KEY_REFUSED);
    assertThat(target).doesNotExist();
  }

  private interface Action {
    void run() throws Exception;
  }

  /** How a slow synchronisation fails when that happens in its middle. */
  private RecoveryException whileRunning(
      SyncRequest request, BooleanSupplier middle, Action happens) throws Exception {
    RecoveryException[] failure = new RecoveryException[1];
    Thread run =
        new Thread(
            () ->
                failure[0] =
                    catchThrowableOfType(
                        RecoveryException.class, () -> fileSync.sync(request, Progress.SILENT)));
    run.start();
    await(middle);
    happens.run();
    run.join();
    return failure[0];
  }

  private void whileRunningUntilDone(BooleanSupplier middle, Action happens, SyncReport[] report)
      throws Exception {
    Thread run =
        new Thread(() -> report[0] = fileSync.sync(slow(Direction.PUSH, SLOW), Progress.SILENT));
    run.start();
    await(middle);
    happens.run();
    run.join();
  }

  private RecoveryException failure(Direction direction) {
    return catchThrowableOfType(
        RecoveryException.class, () -> fileSync.sync(request(direction), Progress.SILENT));
  }

  private SyncRequest request(Direction direction) {
    return request(direction, target.toString());
  }

  private SyncRequest request(Direction direction, String to) {
    boolean push = direction == Direction.PUSH;
    return new SyncRequest(
        push ? source : Path.of(to),
        push ? to : source.toString(),
        direction,
        DeletionLimit.USUAL,
        OptionalLong.empty());
  }

  private SyncRequest slow(Direction direction, int rate) {
    SyncRequest request = request(direction);
    return new SyncRequest(
        request.here(), request.there(), direction, request.deletions(), OptionalLong.of(rate));
  }

  private void random(String name, int bytes) throws IOException {
    byte[] content = new byte[bytes];
    new Random(name.hashCode()).nextBytes(content);
    Files.write(source.resolve(name), content);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("this takes too long").isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  private static long files(Path folder) {
    return Files.isDirectory(folder) ? below(folder).count() : 0;
  }

  private static long largest(Path folder) {
    return Files.isDirectory(folder)
        ? below(folder).mapToLong(it -> it.toFile().length()).max().orElse(0)
        : 0;
  }

  private static Stream<Path> below(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int run(String... command) throws Exception {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
