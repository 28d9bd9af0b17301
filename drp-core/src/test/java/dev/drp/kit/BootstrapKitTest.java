package dev.drp.kit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.Coding;
import dev.drp.backup.Encryption;
import dev.drp.backup.FakeEncryption;
import dev.drp.backup.GzipCompression;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.Site;
import dev.drp.plan.SshAddress;
import dev.drp.plan.Storage;
import dev.drp.runtime.LocalCommandRunner;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootstrapKitTest {
  private static final String SECRET = "what-nobody-may-find";

  @TempDir Path folder;
  private Path home;
  private Path kits;

  @BeforeEach
  void keysOfAnAccount() throws IOException {
    home = Files.createDirectories(folder.resolve("home"));
    kits = folder.resolve("kits");
    Path ssh = Files.createDirectory(home.resolve(".ssh"));
    Files.writeString(ssh.resolve("known_hosts"), "");
    Files.writeString(ssh.resolve("id_ed25519"), SECRET);
    Files.writeString(folder.resolve("drp.yaml"), "application: Shop\n");
  }

  private Kit make(Encryption encryption) {
    ContingencyPlan plan =
        ContingencyPlan.builder("Shop")
            .site(Site.local("here"))
            .environment(Environment.builder("production", "here").build())
            .storage(
                new Storage.Sftp(
                    "vault",
                    SshAddress.parse("me@vault.example"),
                    "/backups",
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    true))
            .build();
    return new BootstrapKit(new LocalCommandRunner(), Clock.systemUTC(), BootstrapKitTest::makeJava)
        .make(
            new KitRequest(
                plan,
                folder.resolve("drp.yaml"),
                List.of(),
                "Main",
                List.of(),
                new Coding(new GzipCompression(), Optional.of(encryption)),
                false,
                home,
                kits));
  }

  /** A real one takes long to be made; the integration tests start one. */
  private static Optional<String> makeJava(Path runtime) throws IOException {
    Path programs = Files.createDirectories(runtime.resolve("bin"));
    Files.writeString(programs.resolve("java"), "#!/bin/sh\n");
    return Optional.empty();
  }

  @Test
  void theUsualKeyOfAStorageThatNamesNoneGoesIntoItAndIsWrittenNowhereUnencrypted()
      throws IOException {
    List<Path> seen = new ArrayList<>();
    Kit kit =
        make(
            new FakeEncryption("operator") {
              @Override
              public OutputStream encrypt(OutputStream output) throws IOException {
                seen.addAll(holding(SECRET));
                return super.encrypt(output);
              }
            });

    assertThat(kit.missing()).isEmpty();
    assertThat(kit.notes()).noneMatch(note -> note.contains("vault.example"));
    assertThat(seen).isEmpty();
    assertThat(holding(SECRET)).isEmpty();
    try (Stream<Path> made = Files.list(kits)) {
      assertThat(made).containsExactlyInAnyOrder(kit.file(), kit.page());
    }

    Files.delete(home.resolve(".ssh/id_ed25519"));
    assertThat(make(new FakeEncryption("operator")).notes())
        .anyMatch(note -> note.contains("no private key for me@vault.example"));
  }

  @Test
  void leavesNothingWhereItFails() throws IOException {
    Encryption full =
        new FakeEncryption("operator") {
          @Override
          public OutputStream encrypt(OutputStream output) {
            return new FilterOutputStream(output) {
              @Override
              public void write(int value) throws IOException {
                throw new IOException("No space left on device");
              }
            };
          }
        };

    assertThatThrownBy(() -> make(full))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.LOCAL_FILE);
              assertThat(e).hasMessageContaining("No space left on device");
            });
    assertThat(kits).isEmptyDirectory();
  }

  /** The files below the folders of this test and of kits in the making; links are none. */
  private List<Path> holding(String content) throws IOException {
    List<Path> roots = new ArrayList<>(List.of(kits));
    try (Stream<Path> temporary = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      temporary.filter(it -> it.getFileName().toString().startsWith("drp-kit")).forEach(roots::add);
    }
    List<Path> found = new ArrayList<>();
    for (Path root : roots) {
      try (Stream<Path> files = Files.walk(root)) {
        files
            .filter(it -> Files.isRegularFile(it, LinkOption.NOFOLLOW_LINKS))
            .filter(it -> size(it) < 1_000_000 && read(it).contains(content))
            .forEach(found::add);
      }
    }
    return found;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
