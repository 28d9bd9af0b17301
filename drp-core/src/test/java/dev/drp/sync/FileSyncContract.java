package dev.drp.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every {@link FileSync} does. The other machine's files must be those of this one. */
public abstract class FileSyncContract {
  private static final Instant PAST = Instant.parse("2020-02-29T12:34:56.123456789Z");

  @TempDir protected Path folder;
  protected Path source;
  protected Path target;

  protected abstract FileSync fileSync();

  @BeforeEach
  void folders() throws IOException {
    source = Files.createDirectory(folder.resolve("source"));
    target = folder.resolve("target");
  }

  protected final SyncReport push() {
    return fileSync().sync(request(SyncRequest.Direction.PUSH), Progress.SILENT);
  }

  private SyncReport preview() {
    return fileSync().preview(request(SyncRequest.Direction.PUSH));
  }

  protected final SyncRequest request(SyncRequest.Direction direction) {
    return request(direction, DeletionLimit.USUAL);
  }

  private SyncRequest request(SyncRequest.Direction direction, DeletionLimit limit) {
    boolean push = direction == SyncRequest.Direction.PUSH;
    return new SyncRequest(
        push ? source : target,
        (push ? target : source).toString(),
        direction,
        limit,
        OptionalLong.empty());
  }

  @ParameterizedTest
  @EnumSource(SyncRequest.Direction.class)
  void makesTheTargetIdenticalAndSendsNothingTheNextTime(SyncRequest.Direction direction)
      throws Exception {
    everyKindOfEntry();

    SyncReport report = fileSync().sync(request(direction), Progress.SILENT);

    assertThat(report.problems())
        .containsExactly(new SyncProblem(SyncProblem.Kind.LEFT_OUT, "pipe"));
    assertThat(report.isComplete()).isTrue();
    assertThat(Long.parseLong(output(target, "find sparse -printf %k"))).isLessThan(1000);
    Files.delete(source.resolve("pipe"));
    touch(source);
    fileSync().sync(request(direction), Progress.SILENT);
    assertSame();
    SyncReport again = fileSync().sync(request(direction), Progress.SILENT);
    assertThat(again.changes()).isEmpty();
    assertThat(again.carriers()).isEmpty();
    assertThat(again.sourceEntries()).isEqualTo(report.sourceEntries());
  }

  @ParameterizedTest
  @EnumSource(SyncRequest.Direction.class)
  void followsChangesOfAnyKind(SyncRequest.Direction direction) throws Exception {
    everyKindOfEntry();
    Files.delete(source.resolve("pipe"));
    fileSync().sync(request(direction), Progress.SILENT);

    Files.writeString(source.resolve("plain"), "other words, same place");
    Files.setPosixFilePermissions(
        source.resolve("script"), PosixFilePermissions.fromString("r--r-----"));
    Files.delete(source.resolve("link"));
    Files.createDirectory(source.resolve("link"));
    Files.writeString(source.resolve("link/now"), "a folder");
    run("rm -r folder; echo file > folder; ln -s /etc empty/etc; rm second; echo alone > second");
    SyncReport report = fileSync().sync(request(direction), Progress.SILENT);

    assertSame();
    assertThat(report.isComplete()).isTrue();
    assertThat(report.changes())
        .contains(new SyncChange(SyncChange.Kind.DELETED, "folder/in it", 0))
        .contains(new SyncChange(SyncChange.Kind.NEW, "link/now", 8))
        .contains(new SyncChange(SyncChange.Kind.CHANGED, "plain", 23));
  }

  @Test
  void tellsBeforehandWhatItWouldDoAndDoesNothing() throws Exception {
    everyKindOfEntry();
    Files.createDirectory(target);
    Files.writeString(target.resolve("old"), "kept until then");
    String before = picture(target);

    SyncReport preview = preview();

    assertThat(picture(target)).isEqualTo(before);
    assertThat(push().changes()).isEqualTo(preview.changes());
    assertThat(preview.count(SyncChange.Kind.DELETED)).isEqualTo(1);
  }

  @Test
  void refusesASourceThatIsEmptyAllOfASudden() throws Exception {
    Files.createDirectory(target);
    Files.writeString(target.resolve("precious"), "");

    assertRefused(this::push, "is empty", ErrorCode.REFUSED);
    assertThat(target.resolve("precious")).exists();

    fileSync()
        .sync(request(SyncRequest.Direction.PUSH, DeletionLimit.USUAL.confirm()), Progress.SILENT);
    assertThat(target).isEmptyDirectory();
  }

  @Test
  void refusesToDeleteMuchUnlessThatIsConfirmed() throws Exception {
    run("seq 1 40 | xargs touch");
    push();
    run("seq 1 20 | xargs rm");

    assertRefused(this::push, "20 of 41 entries", ErrorCode.REFUSED);
    assertThat(preview().needsConfirmation()).isTrue();
    assertThat(target.resolve("1")).exists();

    run("seq 1 10 | xargs touch");
    assertThat(preview().needsConfirmation()).isFalse();
    push();
    assertSame();
  }

  @Test
  void refusesASourceThatIsMissing() throws Exception {
    Files.createDirectory(target);
    Files.writeString(target.resolve("precious"), "");
    Files.delete(source);

    assertRefused(this::push, source.toString(), ErrorCode.ACCESS_DENIED);
    assertThat(target.resolve("precious")).exists();
  }

  @Test
  void refusesATargetThatIsASymbolicLink() throws Exception {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Files.createSymbolicLink(target, elsewhere);
    Files.writeString(source.resolve("file"), "");

    assertRefused(this::push, "symbolic link", ErrorCode.REFUSED);
    assertThat(elsewhere).isEmptyDirectory();
  }

  @Test
  void writesThroughNoLinkOfTheTarget() throws Exception {
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Files.writeString(elsewhere.resolve("file"), "not ours");
    Files.createDirectory(target);
    Files.createSymbolicLink(target.resolve("sub"), elsewhere);
    Files.createSymbolicLink(target.resolve("direct"), elsewhere.resolve("file"));
    Files.createDirectory(source.resolve("sub"));
    Files.writeString(source.resolve("sub/file"), "ours");
    Files.writeString(source.resolve("direct"), "ours, too");

    push();

    assertSame();
    assertThat(elsewhere.resolve("file")).hasContent("not ours");
  }

  @Test
  void carriesALargeFileThatChangedInItsMiddle() throws Exception {
    random("large", 5 << 20);
    push();
    try (FileChannel file = FileChannel.open(source.resolve("large"), StandardOpenOption.WRITE)) {
      file.position(2 << 20).write(ByteBuffer.allocate(1000));
    }

    SyncReport report = push();

    assertSame();
    assertThat(report.changes())
        .containsExactly(new SyncChange(SyncChange.Kind.CHANGED, "large", 5 << 20));
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 2 << 20})
  void carriesWhatChangedWithinASecondAndKeptItsSize(int bytes) throws Exception {
    random("file", bytes);
    Files.setLastModifiedTime(source.resolve("file"), FileTime.from(PAST.plusMillis(100)));
    push();
    Files.write(source.resolve("file"), new byte[bytes]);
    Files.setLastModifiedTime(source.resolve("file"), FileTime.from(PAST.plusMillis(500)));

    push();

    assertSame();
  }

  @ParameterizedTest
  @EnumSource(SyncRequest.Direction.class)
  void takesFoldersOfAnyName(SyncRequest.Direction direction) throws Exception {
    String name = " -it's \"a\"\nnew $(id) `id` *: \\ ";
    source = Files.createDirectory(folder.resolve("source" + name));
    target = folder.resolve("target" + name);
    random("large" + name, 2 << 20);
    random("small" + name, 10);

    SyncReport report = fileSync().sync(request(direction), Progress.SILENT);

    assertThat(report.problems()).isEmpty();
    assertSame();
  }

  /** Files, folders and links of every kind that is copied, and a pipe. */
  private void everyKindOfEntry() throws Exception {
    run(
        """
        echo text > plain
        echo '#!/bin/sh' > script; chmod 4751 script
        : > nothing
        mkdir -m 0751 empty
        mkdir folder; echo within > 'folder/in it'; chmod 0500 folder
        ln -s folder/missing link
        ln -s /etc absolute
        ln plain second
        mkfifo pipe
        mkdir -- '-rf' ' '
        touch -- '--help' '-rf/x' "quo'te\\"s" 'back\\\\slash' '*' '$(id)' ' / '
        touch "$(printf 'new\\nline')" "$(printf 'latin-\\351')" "$(printf '\\303\\251')"
        truncate -s 5000000 sparse; printf data | dd of=sparse bs=1 seek=3000000 conv=notrunc 2>&1
        long=$(printf '%0200d' 0); mkdir -p "$long/$long"; echo deep > "$long/$long/file"
        """);
    if (System.getProperty("user.name").equals("root")) {
      run("chown 12345:54321 plain; chown -h 12345:54321 link; chown 12345:54321 empty");
    }
    random("large", 3 << 20);
    for (String name : new String[] {"plain", "nothing", "empty"}) {
      touch(source.resolve(name));
    }
  }

  protected final void random(String name, int bytes) throws IOException {
    byte[] content = new byte[bytes];
    new Random(name.hashCode()).nextBytes(content);
    Files.write(source.resolve(name), content);
  }

  private static void touch(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(PAST));
  }

  protected final void assertSame() throws Exception {
    assertThat(picture(target)).isEqualTo(picture(source));
  }

  /** All that is to be equal. */
  protected static String picture(Path folder) throws Exception {
    return output(
        folder,
        "find . -printf '%y %m %U:%G %T@ %n %p %l\\n' | LC_ALL=C sort;"
            + " find . -type f -size -99k -printf '%b %p\\n' | LC_ALL=C sort;"
            + " find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum --");
  }

  protected final void run(String script) throws Exception {
    output(source, script);
  }

  private static String output(Path folder, String script) throws Exception {
    Process process =
        new ProcessBuilder("sh", "-e", "-c", script)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  protected static void assertRefused(Runnable action, String because, ErrorCode code) {
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .hasMessageContaining(because)
        .hasMessageContaining("HINT:");
  }
}
