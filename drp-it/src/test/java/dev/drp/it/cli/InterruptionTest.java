package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.it.support.WithShop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody ends the program while it is at work: with Ctrl-C, with a signal, with kill -9. */
class InterruptionTest extends WithShop {
  private static final int INTERRUPTED = 130;

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  void restoreInterruptedWhileItLoadsIsResumed(String signal) throws Exception {
    Path hold = holdTheLoad();
    shop.backUp();
    shop.sql(Shop.DATABASE, "delete from %s where id > 7".formatted(Shop.TABLE));
    Process restore = startRestore();

    Programs.Result interrupted = Shop.signal(restore, signal);
    Files.delete(hold);

    assertThat(interrupted.exitCode()).as(interrupted.toString()).isEqualTo(INTERRUPTED);
    String execution = shop.newestExecution();
    assertThat(interrupted.stdout()).contains("was not touched", "drp resume " + execution);
    assertThat(shop.rows()).isEqualTo(7);
    assertThat(shop.runningPrograms()).isEmpty();
    assertResumed(execution);
  }

  @Test
  void restoreKilledWhileItLoadsIsResumed() throws Exception {
    Path hold = holdTheLoad();
    shop.backUp();
    shop.sql(Shop.DATABASE, "delete from %s where id > 7".formatted(Shop.TABLE));
    Process restore = startRestore();

    restore.destroyForcibly().waitFor();
    Files.delete(hold);

    assertThat(shop.rows()).as("the live database is untouched").isEqualTo(7);
    String execution = shop.newestExecution();
    assertResumed(execution);
    assertThat(shop.drp("restore-commit", execution, "--confirm", Shop.DATABASE).exitCode())
        .isZero();
    assertThat(shop.databasesOfRestores()).isEmpty();
    assertThat(shop.column("show fsync")).containsExactly("off"); // as this server was started
  }

  @Test
  void interruptedBackupIsNoneAndTheNextRunSucceeds() throws Exception {
    Path dumping = folder.resolve("dumping");
    shop.replacePgDump(
        "$real \"$@\" | { head -c 300000; touch %s; sleep 600; }".formatted(dumping));
    Process backup = shop.start("backup", "production");
    Shop.await(() -> Files.exists(dumping));
    assertThat(shop.runningPrograms()).anyMatch(program -> program.contains("--snapshot="));

    Programs.Result interrupted = Shop.signal(backup, "TERM");

    assertThat(interrupted.exitCode()).as(interrupted.toString()).isEqualTo(INTERRUPTED);
    assertThat(interrupted.stderr()).contains("error: interrupted while", "run this again");
    assertThat(shop.runningPrograms()).isEmpty();
    shop.assertNoBackupIsListed();
    Shop.await(() -> sessions().equals("0"));
    shop.useRealProgram("pg_dump");
    String next = shop.backUp();
    assertThat(shop.drp("backups").stdout())
        .contains(next)
        .doesNotContainIgnoringCase("incomplete");
  }

  @Test
  void dumpProgramThatIgnoresSignalsAndThatItsReaderHasGoneIsEnded() throws Exception {
    Path dumping = folder.resolve("dumping");
    shop.replacePgDump(
        "trap '' TERM INT HUP PIPE; while :; do echo rows; touch %s; sleep 0.05; done"
            .formatted(dumping));
    Process backup = shop.start("backup", "production");
    Shop.await(() -> Files.exists(dumping));

    Programs.Result interrupted = Shop.signal(backup, "TERM");

    assertThat(interrupted.exitCode()).as(interrupted.toString()).isEqualTo(INTERRUPTED);
    assertThat(shop.runningPrograms()).isEmpty();
    shop.assertNoBackupIsListed();
  }

  /** Whoever stores the row in the middle waits as long as the file is there. */
  private Path holdTheLoad() throws Exception {
    Path hold = server.socketFolder().resolve("hold"); // the server may look there
    shop.sql(
        Shop.DATABASE,
        """
        create function not_held() returns boolean language plpgsql as $$
        begin
          while (pg_stat_file('%s', true)).size is not null loop perform pg_sleep(0.02); end loop;
          return true;
        end $$
        """
            .formatted(hold),
        "alter table %s add check (id <> %d or public.not_held())"
            .formatted(Shop.TABLE, Shop.ROWS / 2));
    return Files.createFile(hold);
  }

  /** Returns while it loads. */
  private Process startRestore() throws Exception {
    Process restore = shop.start("restore", "production", "--confirm", Shop.DATABASE);
    Shop.await(
        () ->
            !shop.column(
                    "select pid from pg_stat_activity where datname like 'drp\\_restore\\_%'"
                        + " and wait_event = 'PgSleep'")
                .isEmpty());
    return restore;
  }

  private void assertResumed(String execution) throws SQLException {
    Programs.Result resumed = shop.drp("resume", execution);
    assertThat(resumed.exitCode()).as(resumed.toString()).isZero();
    assertThat(shop.rows()).isEqualTo(Shop.ROWS);
    assertThat(shop.databasesOfRestores()).containsExactly("drp_aside_" + execution);
  }

  /** How many sessions of the command line and its programs the server has. */
  private String sessions() throws SQLException {
    return shop.column("select count(*) from pg_stat_activity where application_name = 'drp'")
        .get(0);
  }
}
