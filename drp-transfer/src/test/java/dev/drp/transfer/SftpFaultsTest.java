package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.ObjectName;
import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshTarget;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong with a real sshd. */
class SftpFaultsTest {
  private static final ObjectName FOLDER = new ObjectName("shop/production");
  private static final ObjectName NAME = FOLDER.child("set").child("part");
  private static final Duration SHORT = Duration.ofSeconds(2);
  private static final SftpSessions.Patience PATIENCE =
      new SftpSessions.Patience(6, Duration.ofMillis(50));

  @TempDir Path folder;
  private Sshd sshd;
  private SftpStorage storage;
  private final byte[] content = new byte[20 << 20];

  @BeforeEach
  void start() {
    sshd = Sshd.start(folder);
    storage = storage(sshd.target(Duration.ofSeconds(20)), folder.resolve("backup"));
    new Random(1).nextBytes(content);
  }

  @AfterEach
  void stop() {
    storage.close();
    sshd.close();
  }

  private static SftpStorage storage(SshTarget target, Path path) {
    return new SftpStorage(new SshConnections(target), path.toString(), PATIENCE);
  }

  @Test
  void refusesAHostKeyThatNobodyKnowsAndSaysHowToAddIt() throws IOException {
    Files.writeString(sshd.knownHosts(), "other.example.net ssh-ed25519 AAAA\n");

    assertFails(ErrorCode.HOST_KEY_REFUSED, () -> storage.list(FOLDER))
        .hasMessageContaining(fingerprint("host_key"))
        .hasMessageContaining("ssh-keyscan -p %d 127.0.0.1".formatted(sshd.port()))
        .hasMessageContaining(sshd.knownHosts().toString());
  }

  @Test
  void refusesAHostKeyThatHasChangedAndShowsBoth() throws IOException {
    sshd.expectAnotherHostKey();

    assertFails(ErrorCode.HOST_KEY_REFUSED, () -> storage.list(FOLDER))
        .hasMessageContaining(
            "expected %s, found %s".formatted(fingerprint("other_key"), fingerprint("host_key")))
        .hasMessageContaining("ssh-keygen -R");
  }

  @Test
  void refusesAHostKeyThatWasRevoked() throws IOException {
    String known = Files.readString(sshd.knownHosts());
    Files.writeString(sshd.knownHosts(), known + "@revoked " + known);

    assertFails(ErrorCode.HOST_KEY_REFUSED, () -> storage.list(FOLDER))
        .hasMessageContaining("revoked");
  }

  @Test
  void refusesEveryHostKeyWhereThereIsNoFileOfThem() throws IOException {
    Files.delete(sshd.knownHosts());

    assertFails(ErrorCode.HOST_KEY_REFUSED, () -> storage.list(FOLDER))
        .hasMessageContaining(sshd.knownHosts().toString());
  }

  @Test
  void findsAHostWhoseNameIsHashed() throws IOException {
    Sshd.run("ssh-keygen", "-q", "-H", "-f", sshd.knownHosts().toString());
    assertThat(Files.readString(sshd.knownHosts())).startsWith("|1|");

    assertThat(storage.list(FOLDER)).isEmpty();
  }

  @Test
  void saysThatItsKeyIsNotAccepted() throws IOException {
    Path other = folder.resolve("other_client");
    Sshd.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other.toString());

    try (SftpStorage refused = storage(withKey(other), folder.resolve("backup"))) {
      assertFails(ErrorCode.ACCESS_DENIED, () -> refused.list(FOLDER))
          .hasMessageContaining(other.toString())
          .hasMessageContaining("authorized_keys");
    }
  }

  @Test
  void saysWhichKeyItCannotRead() throws IOException {
    Path locked = folder.resolve("locked");
    Sshd.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", locked.toString());

    for (Path key : List.of(locked, folder.resolve("absent"))) {
      try (SftpStorage unusable = storage(withKey(key), folder.resolve("backup"))) {
        assertFails(ErrorCode.ACCESS_DENIED, () -> unusable.list(FOLDER))
            .hasMessageContaining(key.toString());
      }
    }
  }

  @Test
  void acceptsNoOldAlgorithms() throws IOException {
    sshd.stop();
    try (Sshd old =
        Sshd.start(
            Files.createDirectory(folder.resolve("old")),
            "internal-sftp",
            "Ciphers aes128-cbc,3des-cbc")) {
      try (SftpStorage refused =
          storage(old.target(Duration.ofSeconds(20)), folder.resolve("backup"))) {
        assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> refused.list(FOLDER))
            .hasMessageContaining("aes128-cbc");
      }
    }
  }

  @Test
  void goesOnWithAnUploadThatWasCut() throws IOException {
    storage.put(
        NAME,
        output -> {
          output.write(content, 0, content.length / 3);
          sshd.cutSessions();
          output.write(content, content.length / 3, content.length / 3);
          sshd.cutSessions();
          output.write(
              content, 2 * (content.length / 3), content.length - 2 * (content.length / 3));
          sshd.cutSessions();
        });

    try (InputStream stored = storage.open(NAME)) {
      assertThat(stored.readAllBytes()).isEqualTo(content);
    }
    assertThat(files()).containsExactly(NAME.value());
  }

  @Test
  void goesOnWithADownloadThatWasCut() throws IOException {
    storage.put(NAME, output -> output.write(content));

    try (InputStream stored = storage.open(NAME)) {
      byte[] first = stored.readNBytes(content.length / 2);
      sshd.cutSessions();
      byte[] rest = stored.readAllBytes();
      assertThat(first).isEqualTo(java.util.Arrays.copyOf(content, first.length));
      assertThat(rest)
          .isEqualTo(java.util.Arrays.copyOfRange(content, first.length, content.length));
    }
  }

  @Test
  void givesUpWhenTheServerStaysAwayAndPublishesNothing() {
    assertFails(
            ErrorCode.STORAGE_UNAVAILABLE,
            () ->
                storage.put(
                    NAME,
                    output -> {
                      output.write(content, 0, content.length / 2);
                      sshd.stop();
                      output.write(content, content.length / 2, content.length / 2);
                    }))
        .hasMessageContaining("cannot connect to");

    sshd.start();
    assertThat(storage.list(FOLDER)).isEmpty();
    storage.put(NAME, output -> output.write(content));
    assertThat(storage.list(FOLDER)).hasSize(1);
  }

  @Test
  void givesUpOnAServerThatHangs() throws IOException {
    try (SftpStorage slow = storage(sshd.target(SHORT), folder.resolve("backup"))) {
      slow.put(NAME, output -> output.write('x'));
      sshd.hang();
      assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> slow.list(FOLDER));
      sshd.goOn();

      assertThat(slow.list(FOLDER)).hasSize(1);
    }
  }

  @Test
  void givesUpAnUploadToAServerThatHangs() throws IOException {
    SshTarget target =
        new SshTarget(
            "127.0.0.1",
            sshd.port(),
            Sshd.user(),
            sshd.knownHosts(),
            List.of(sshd.clientKey()),
            new SshTarget.Limits(SHORT, SHORT));
    try (SftpStorage slow =
        new SftpStorage(
            new SshConnections(target),
            folder.resolve("backup").toString(),
            new SftpSessions.Patience(2, Duration.ofMillis(1)))) {
      assertFails(
          ErrorCode.STORAGE_UNAVAILABLE,
          () ->
              slow.put(
                  NAME,
                  output -> {
                    output.write(content, 0, 1 << 20);
                    sshd.hang();
                    output.write(content);
                    output.write(content);
                  }));
    } finally {
      sshd.goOn();
    }
    assertThat(storage.list(FOLDER)).isEmpty();
  }

  @Test
  @Tag("root")
  void saysThatTheDiskOverThereIsFullAndRemovesWhatItWrote() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    assumeTrue(
        mount("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString()),
        "this user cannot mount a small file system here");
    try (SftpStorage full = storage(sshd.target(Duration.ofSeconds(20)), disk)) {
      assertFails(ErrorCode.OUT_OF_SPACE, () -> full.put(NAME, output -> output.write(content)))
          .hasMessageContaining("no space left");

      assertThat(full.list(FOLDER)).isEmpty();
      assertThat(disk).isEmptyDirectory();
      assertThat(full.freeBytes().orElseThrow()).isBetween(1L << 20, 4L << 20);
    } finally {
      assertThat(mount("umount", disk.toString())).isTrue();
    }
  }

  @Test
  void saysThatItMayNotWriteOrRead() throws IOException {
    String account = Sshd.isRoot() ? "nobody" : Sshd.user();
    open(folder);
    open(sshd.clientKey().resolveSibling("client_key.pub"));
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.createDirectories(closed.resolve(NAME.parent().value()));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-x------"));
    try (SftpStorage denied = storage(sshd.target(account, Duration.ofSeconds(20)), closed)) {
      assertFails(ErrorCode.ACCESS_DENIED, () -> denied.put(FOLDER, output -> output.write('x')))
          .hasMessageContaining("permissions");
      if (Sshd.isRoot()) {
        assertFails(ErrorCode.ACCESS_DENIED, () -> denied.list(FOLDER));
        assertFails(ErrorCode.ACCESS_DENIED, () -> denied.open(NAME));
      }
    }
  }

  @Test
  void doesNotCreateTheFolderThatItShouldBeCreatedIn() {
    try (SftpStorage unmounted =
        storage(sshd.target(Duration.ofSeconds(20)), folder.resolve("mnt/nas/backup"))) {
      assertFails(
          ErrorCode.STORAGE_UNAVAILABLE, () -> unmounted.put(NAME, output -> output.write('x')));
      assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> unmounted.list(FOLDER));
      assertFails(ErrorCode.STORAGE_UNAVAILABLE, () -> unmounted.names(FOLDER));
    }
    assertThat(folder.resolve("mnt")).doesNotExist();
  }

  @Test
  void saysThatItWasInterruptedAndLeavesNothingHalfWritten() throws IOException {
    assertFails(
        ErrorCode.INTERRUPTED,
        () ->
            storage.put(
                NAME,
                output -> {
                  Thread.currentThread().interrupt();
                  output.write(content);
                }));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(folder.resolve("backup").resolve("shop")).doesNotExist();
  }

  @Test
  void removesWhatADeadProcessLeft() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    ended.waitFor();
    TemporaryName own = TemporaryName.next();
    TemporaryName dead =
        new TemporaryName(own.host(), own.boot(), own.processIds(), ended.pid(), 1, own.random());
    Path set = Files.createDirectories(folder.resolve("backup").resolve(NAME.parent().value()));
    Files.write(set.resolve(dead.toString()), new byte[70]);
    Path living = Files.write(set.resolve(own.toString()), new byte[1000]);
    Path inPlace = Files.write(set.resolve("pack"), new byte[7]);
    Files.setPosixFilePermissions(inPlace, PosixFilePermissions.fromString("-w-------"));
    Path claim = Files.writeString(set.resolve(dead + ".claim"), inPlace.toString());

    assertThat(storage.list(FOLDER)).isEmpty();
    assertThat(storage.names(NAME.parent())).isEmpty();
    assertThat(storage.removeAbandoned(FOLDER))
        .isEqualTo(77 + inPlace.toString().getBytes(UTF_8).length);

    try (Stream<Path> left = Files.list(set)) {
      assertThat(left).containsExactly(living);
    }
    assertThat(claim).doesNotExist();
  }

  @Test
  void keepsFilesAndFoldersForTheirOwnerOnly() throws IOException {
    storage.put(NAME, output -> output.write('x'));

    Path file = folder.resolve("backup").resolve(NAME.value());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
        .isEqualTo("rwx------");
  }

  @Test
  void listsManyFoldersWithManyObjects() throws IOException {
    Path root = Files.createDirectories(folder.resolve("backup").resolve(FOLDER.value()));
    for (int set = 0; set < 70; set++) {
      Path events = Files.createDirectories(root.resolve("set" + set).resolve("events"));
      for (int i = 0; i < (set == 0 ? 450 : 3); i++) {
        Files.write(events.resolve("event" + i), new byte[i]);
      }
    }

    assertThat(storage.list(FOLDER)).hasSize(450 + 69 * 3);
    assertThat(storage.names(FOLDER)).hasSize(70);
    assertThat(storage.names(FOLDER.child("set0").child("events"))).hasSize(450);
  }

  private SshTarget withKey(Path key) {
    return new SshTarget(
        "127.0.0.1",
        sshd.port(),
        Sshd.user(),
        sshd.knownHosts(),
        List.of(key),
        SshTarget.Limits.USUAL);
  }

  private String fingerprint(String key) throws IOException {
    Process process =
        new ProcessBuilder("ssh-keygen", "-l", "-f", folder.resolve(key + ".pub").toString())
            .start();
    return new String(process.getInputStream().readAllBytes(), UTF_8).split(" ", -1)[1];
  }

  private List<String> files() throws IOException {
    Path root = folder.resolve("backup");
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile).map(it -> root.relativize(it).toString()).toList();
    }
  }

  private static void open(Path path) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static boolean mount(String... command) throws Exception {
    return new ProcessBuilder(command).start().waitFor() == 0;
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable action) {
    return assertThatThrownBy(action)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }
}
