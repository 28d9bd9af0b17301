package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import dev.drp.transfer.Sshd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder that is kept identical on another machine, through the command line. */
class SyncTest {
  @TempDir private Path folder;
  private Path uploads;
  private Path copy;
  private Sshd sshd;

  @BeforeEach
  void aFolderAndAnotherMachine() throws IOException {
    sshd = Sshd.withPrograms(Files.createDirectory(folder.resolve("sshd")), "/usr/bin:/bin");
    uploads = Files.createDirectory(folder.resolve("uploads"));
    copy = folder.resolve("copy");
    for (int i = 0; i < 20; i++) {
      Files.writeString(uploads.resolve("file" + i), "content " + i);
    }
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: shop
        sites: { primary: { host: local } }
        environments: { production: { site: primary } }
        synced-folders:
          uploads:
            environment: production
            folder: %s
            with: %s@127.0.0.1:%d
            path: %s
            known-hosts: %s
            key: %s
        """
            .formatted(
                uploads, Sshd.user(), sshd.port(), copy, sshd.knownHosts(), sshd.clientKey()));
  }

  @AfterEach
  void stopTheOtherMachine() {
    sshd.close();
  }

  @Test
  void keepsTheFolderIdentical() throws IOException {
    assertThat(drp("--dry-run").requireSuccess().stdout()).contains("would be: 21 new", "+ file7");
    assertThat(copy).doesNotExist();

    assertThat(drp().requireSuccess().stdout()).contains("21 new");
    Files.delete(uploads.resolve("file7"));
    assertThat(drp().requireSuccess().stdout()).contains("0 new, 1 changed, 1 deleted");

    assertThat(copy.resolve("file7")).doesNotExist();
    assertThat(copy.resolve("file8")).hasContent("content 8");
  }

  @Test
  void deletesMuchOnlyWhenThatIsConfirmed() throws IOException {
    drp().requireSuccess();
    for (int i = 0; i < 20; i++) {
      Files.delete(uploads.resolve("file" + i));
    }

    Programs.Result refused = drp();

    assertThat(drp("--dry-run").requireSuccess().stdout()).contains("would be refused");
    assertThat(refused.exitCode()).isEqualTo(6);
    assertThat(refused.stdout()).contains("is empty", "--folder uploads --confirm uploads");
    assertThat(copy.resolve("file8")).exists();
    drp("--folder", "uploads", "--confirm", "uploads").requireSuccess();
    assertThat(copy).isEmptyDirectory();
  }

  @Test
  void saysThatTheOtherMachineIsNotTheOneThatItWas() {
    sshd.expectAnotherHostKey();

    Programs.Result refused = drp();

    assertThat(refused.exitCode()).isEqualTo(6);
    assertThat(refused.stdout()).contains("another host key than it should");
    assertThat(copy).doesNotExist();
  }

  @Test
  void waitsNotForeverForAMachineThatIsAway() {
    sshd.stop();

    Programs.Result failed = drp();

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.stdout()).contains("uploads: not synchronised", "cannot connect to");
  }

  @Test
  void changesNothingWhereTheFolderHereIsMissing() throws IOException {
    drp().requireSuccess();
    Files.move(uploads, folder.resolve("elsewhere"));

    Programs.Result failed = drp("--folder", "uploads", "--confirm", "uploads");

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.stdout()).contains("cannot be entered");
    assertThat(copy.resolve("file8")).exists();
  }

  @Test
  void takesNoOptionThatItDoesNotKnow() {
    assertThat(drp("--delete").exitCode()).isEqualTo(2);
    assertThat(drp("--confirm", "uploads").exitCode()).isEqualTo(2);
    assertThat(copy).doesNotExist();
  }

  private Programs.Result drp(String... arguments) {
    String[] all = new String[arguments.length + 4];
    all[0] = "--state";
    all[1] = folder.resolve("state").toString();
    all[2] = "sync";
    all[3] = "production";
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    return Cli.in(folder).run(all);
  }
}
