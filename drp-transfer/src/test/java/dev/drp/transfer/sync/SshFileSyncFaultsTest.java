package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.runtime.CommandMark;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.sync.DeletionLimit;
import dev.drp.sync.SyncProblem;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import dev.drp.sync.SyncRequest.Direction;
import dev.drp.transfer.Sshd;
import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes wrong between two machines. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SshFileSyncFaultsTest {
  private static final int SLOW = 1 << 20;

  /** A variable of all programs that a test starts on this machine: tests run side by side. */
  private static final String OURS = "DRP_TEST";

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
    fileSync =
        new SshFileSync(
            sshd.connections(),
            new WithVariable(new LocalCommandRunner(), OURS, folder.toString()));
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
    long complete = below(target).filter(it -> it.toFile().length() == 600_000).count();
    assertThat(complete).isBetween(10L, 99L);
    SyncReport rest = fileSync.sync(request(Direction.PULL), Progress.SILENT);
    assertThat(rest.isComplete()).isTrue();
    // Beside the others, at most the folder, and the newest of the complete ones for its time.
    assertThat(rest.changes().size()).isBetween(1, (int) (100 - complete + 2));
    assertThat(fileSync.preview(request(Direction.PULL)).changes()).isEmpty();
  }

  @Test
  void goesOnInTheMiddleOfALargeFile() throws Exception {
    requireRsync();
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
  void fetchesTheRestOfALargeFile() throws Exception {
    requireRsync();
    random("large", 64 << 20); // more than what is on its way
    long[] cut = new long[1];
    RecoveryException failure =
        whileRunning(
            slow(Direction.PULL, 8 * SLOW),
            () -> largest(target) > 2 << 20,
            () -> {
              sshd.cutConnections();
              cut[0] = System.nanoTime();
            });

    assertThat(System.nanoTime() - cut[0]).as("how long it took").isLessThan(10_000_000_000L);
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.HOST_UNAVAILABLE);
    assertThat(target.resolve(".drp-partial/large")).exists();
    assertThat(target.resolve("large")).doesNotExist();
    assertThat(fileSync.sync(request(Direction.PULL), Progress.SILENT).isComplete()).isTrue();
    assertThat(target.resolve("large")).hasSameBinaryContentAs(source.resolve("large"));
    assertThat(target.resolve(".drp-partial")).doesNotExist();
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void endsBothRsyncsWhenItIsInterrupted(Direction direction) throws Exception {
    requireRsync();
    random("large", 64 << 20);
    RecoveryException[] failure = new RecoveryException[1];
    Thread run =
        new Thread(
            () ->
                failure[0] =
                    catchThrowableOfType(
                        RecoveryException.class,
                        () -> fileSync.sync(slow(direction, SLOW), Progress.SILENT)));
    run.start();
    await(() -> largest(target) > 1 << 20);
    run.interrupt();
    run.join();

    assertThat(failure[0].code()).as(failure[0].getMessage()).isEqualTo(ErrorCode.INTERRUPTED);
    await(() -> started().isEmpty());
    await(() -> startedThere().isEmpty());
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void leavesNothingBehindWhenItIsKilled(Direction direction) throws Exception {
    requireRsync();
    random("large", 64 << 20);
    Path temporary = Files.createDirectory(folder.resolve("temporary"));
    SyncRequest request = request(direction);
    Process killed =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                KilledSync.class.getName(),
                String.valueOf(sshd.port()),
                sshd.knownHosts().toString(),
                sshd.clientKey().toString(),
                direction.name(),
                request.here().toString(),
                request.there())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      await(() -> largest(target) > 1 << 20);
      assertThat(startedBy(killed)).as("rsync and its relay").hasSizeGreaterThan(2);
    } finally {
      killed.destroyForcibly().waitFor();
    }

    await(() -> startedBy(killed).isEmpty());
    await(() -> startedThere().isEmpty());
    assertThat(below(temporary).map(Path::getFileName).map(Path::toString))
        .noneMatch(it -> it.startsWith("drp-"));
  }

  @Test
  void rsyncEndsWhenTheOneHereIsKilled() throws Exception {
    requireRsync();
    random("large", 64 << 20);
    RecoveryException failure =
        whileRunning(
            slow(Direction.PUSH, SLOW),
            () -> largest(target) > 1 << 20,
            () ->
                started().stream()
                    .filter(SshFileSyncFaultsTest::isRsync)
                    .forEach(ProcessHandle::destroyForcibly));

    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.COMMAND_FAILED);
    assertThat(fileSync.sync(request(Direction.PUSH), Progress.SILENT).isComplete()).isTrue();
  }

  /** As one does that copies what has not changed, from a slow disk to the same. */
  @Test
  void waitsForAnRsyncThatTakesNothingForLong() throws Exception {
    requireRsync();
    random("large", 64 << 20);
    SshTarget impatient =
        new SshTarget(
            "127.0.0.1",
            sshd.port(),
            Sshd.user(),
            sshd.knownHosts(),
            List.of(sshd.clientKey()),
            new SshTarget.Limits(Duration.ofSeconds(20), Duration.ofSeconds(1)));
    try (SshFileSync sync =
        new SshFileSync(new SshConnections(impatient), new LocalCommandRunner())) {
      SyncReport[] report = new SyncReport[1];
      Thread run =
          new Thread(() -> report[0] = sync.sync(slow(Direction.PUSH, 16 * SLOW), Progress.SILENT));
      run.start();
      await(() -> largest(target) > 2 << 20);
      rsyncsThere().forEach(it -> signal(it, "STOP"));
      run.join(4000);
      assertThat(run.isAlive()).isTrue();
      rsyncsThere().forEach(it -> signal(it, "CONT"));
      run.join();

      assertThat(report[0]).isNotNull();
      assertThat(report[0].isComplete()).isTrue();
    }
  }

  @Test
  void noticesAtOnceThatTheRsyncThereEndsWhileItTakesNothing() throws Exception {
    requireRsync();
    random("large", 64 << 20);
    long[] killed = new long[1];
    RecoveryException failure =
        whileRunning(
            slow(Direction.PUSH, 16 * SLOW),
            () -> largest(target) > 2 << 20,
            () -> {
              rsyncsThere().forEach(it -> signal(it, "STOP"));
              Thread.sleep(2000); // until all that can be on its way is
              rsyncsThere().forEach(it -> signal(it, "KILL"));
              killed[0] = System.nanoTime();
            });

    assertThat(System.nanoTime() - killed[0]).as("how long it took").isLessThan(10_000_000_000L);
    assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.COMMAND_FAILED);
  }

  @ParameterizedTest
  @EnumSource(Direction.class)
  void tellsWhatTheRsyncThereSaid(Direction direction) throws Exception {
    requireRsync();
    for (String end : List.of("exit 11", "kill -9 $$", "head -c 9 >/dev/null; exit 3")) {
      Path programs = Files.createTempDirectory(folder, "programs");
      Path rsync =
          Files.writeString(programs.resolve("rsync"), "#!/bin/sh\necho no luck >&2\n" + end);
      Files.setPosixFilePermissions(rsync, PosixFilePermissions.fromString("rwxr-xr-x"));
      Path own = Files.createTempDirectory(folder, "other-sshd");
      try (Sshd other = Sshd.withPrograms(own, programs + ":/usr/bin:/bin");
          SshFileSync sync = new SshFileSync(other.connections(), new LocalCommandRunner())) {
        random("large", 2 << 20);
        RecoveryException failure =
            catchThrowableOfType(
                RecoveryException.class, () -> sync.sync(request(direction), Progress.SILENT));

        assertThat(failure.code()).as(failure.getMessage()).isEqualTo(ErrorCode.COMMAND_FAILED);
        assertThat(failure).hasMessageContaining("no luck");
      }
    }
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

  private static void requireRsync() {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/rsync")), "there is no rsync here");
  }

  /** What we have started on this machine, and all that came of it. */
  private List<ProcessHandle> started() {
    return with("\0%s=%s\0".formatted(OURS, folder));
  }

  /** The same of another process. */
  private static List<ProcessHandle> startedBy(Process process) {
    return with(".%d.".formatted(process.pid()), "\0" + CommandMark.VARIABLE + "=");
  }

  /** What was started by those who logged in. */
  private List<ProcessHandle> startedThere() {
    return with(" %d\0".formatted(sshd.port()), "\0SSH_CONNECTION=");
  }

  private List<ProcessHandle> rsyncsThere() {
    return startedThere().stream().filter(SshFileSyncFaultsTest::isRsync).toList();
  }

  private static boolean isRsync(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("/rsync");
  }

  private static void signal(ProcessHandle process, String name) {
    try {
      assertThat(run("kill", "-" + name, String.valueOf(process.pid()))).isZero();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Processes that have these in their environment. */
  private static List<ProcessHandle> with(String... texts) {
    return ProcessHandle.allProcesses()
        .filter(it -> Stream.of(texts).allMatch(environment(it)::contains))
        .toList();
  }

  private static String environment(ProcessHandle process) {
    try {
      Path file = Path.of("/proc", String.valueOf(process.pid()), "environ");
      return "\0" + new String(Files.readAllBytes(file), ISO_8859_1);
    } catch (IOException gone) {
      return "";
    }
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
