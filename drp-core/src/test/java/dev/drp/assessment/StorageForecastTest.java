package dev.drp.assessment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.backup.BackupId;
import dev.drp.backup.BackupState;
import dev.drp.backup.BackupSummary;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Retention;
import dev.drp.plan.Site;
import dev.drp.plan.Span;
import dev.drp.plan.Storage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A daily backup that is kept for ten days. */
class StorageForecastTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

  private static final ContingencyPlan PLAN =
      ContingencyPlan.builder("Shop")
          .site(Site.local("here"))
          .environment(
              Environment.builder("production", "here")
                  .database(
                      DatabaseSettings.builder("shop", "shop").host("127.0.0.1", 5432).build())
                  .build())
          .storage(new Storage.Directory("local", Path.of("/backup"), false))
          .backup(
              BackupSchedule.every(
                  "daily",
                  Span.of(Duration.ofDays(1)),
                  "production",
                  BackupKind.LOGICAL,
                  Retention.within(Span.of(Duration.ofDays(10))),
                  "local"))
          .build();

  @Test
  void neverFillsAStorageWhoseExpiryKeepsTheBalance() {
    assertThat(daysUntilFull(500, 10, day -> 100)).isEmpty();
  }

  @Test
  void countsBackupsUpToTheNumberThatRetentionKeeps() {
    // 3 of 10 are there: seven more fit into 700 bytes, and not into 400
    assertThat(daysUntilFull(700, 3, day -> 100)).isEmpty();
    assertThat(daysUntilFull(400, 3, day -> 100)).contains(5L);
  }

  @Test
  void letsBackupsGrowAsTheyDid() {
    // ten of them grow by 10 bytes a day each: 100 bytes more every day
    assertThat(daysUntilFull(1000, 10, day -> 1000 + 10L * day)).contains(11L);
  }

  @Test
  void seesThatNobodyExpires() {
    assertThat(daysUntilFull(500, 40, day -> 100)).contains(6L);
  }

  @Test
  void saysNothingWithoutBackups() {
    assertThat(new StorageForecast(PLAN, NOW).fullAt("local", 1, Map.of())).isEmpty();
  }

  private static Optional<Long> daysUntilFull(long free, int count, IntToLongFunction bytesOfDay) {
    List<BackupSummary> backups =
        IntStream.range(0, count)
            .mapToObj(
                day ->
                    backup(
                        day,
                        NOW.minus(Duration.ofDays(count - 1 - day)),
                        bytesOfDay.applyAsLong(day)))
            .toList();
    return new StorageForecast(PLAN, NOW)
        .fullAt("local", free, Map.of("production", backups))
        .map(at -> Duration.between(NOW, at).toDays());
  }

  private static BackupSummary backup(int number, Instant recoveryPoint, long bytes) {
    return new BackupSummary(
        new BackupId(String.format(Locale.ROOT, "20261122T000000Z-%06x", number)),
        BackupKind.LOGICAL,
        false,
        Optional.of("daily"),
        "shop",
        recoveryPoint,
        Duration.ofSeconds(10),
        recoveryPoint,
        bytes,
        bytes,
        1,
        Optional.empty(),
        List.of(
            new BackupSummary.Copy(
                "local",
                false,
                BackupState.VERIFIED,
                Optional.of(recoveryPoint),
                Optional.empty(),
                Optional.empty())));
  }
}
