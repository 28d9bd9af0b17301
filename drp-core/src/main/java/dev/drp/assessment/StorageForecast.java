package dev.drp.assessment;

import dev.drp.backup.BackupSummary;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Says when a storage is full if everything goes on as before: each schedule adds backups until it
 * holds as many as its retention keeps, and backups grow in a straight line as they did.
 */
final class StorageForecast {
  private static final int LONGEST_DAYS = 3650;
  private static final double SECONDS_PER_DAY = Duration.ofDays(1).toSeconds();

  private final ContingencyPlan plan;
  private final Instant now;

  StorageForecast(ContingencyPlan plan, Instant now) {
    this.plan = plan;
    this.now = now;
  }

  /**
   * When it is full; empty when its space does not end within ten years.
   *
   * @param backups all that the catalog knows, by environment
   */
  Optional<Instant> fullAt(
      String storage, long freeBytes, Map<String, List<BackupSummary>> backups) {
    List<Series> all =
        plan.backups().values().stream()
            .map(schedule -> Series.of(schedule, in(storage, schedule, backups)))
            .flatMap(Optional::stream)
            .toList();
    for (int day = 1; day <= LONGEST_DAYS; day++) {
      int when = day;
      if (all.stream().mapToDouble(series -> series.addedBytes(when)).sum() > freeBytes) {
        return Optional.of(now.plus(Duration.ofDays(day)));
      }
    }
    return Optional.empty();
  }

  private static List<BackupSummary> in(
      String storage, BackupSchedule schedule, Map<String, List<BackupSummary>> backups) {
    return backups.getOrDefault(schedule.environment(), List.of()).stream()
        .filter(it -> it.schedule().equals(Optional.of(schedule.name())))
        .filter(it -> it.copies().stream().anyMatch(copy -> copy.storage().equals(storage)))
        .sorted(Comparator.comparing(BackupSummary::recoveryPoint))
        .toList();
  }

  /**
   * The backups of a schedule in one storage.
   *
   * @param kept how many there are once retention is in balance
   * @param perDay how many are added
   * @param bytes size of one now
   * @param growth how much larger it is each day
   */
  private record Series(int count, double kept, double perDay, double bytes, double growth) {
    /** How many more than the retention keeps show that nobody expires. */
    private static final double NOT_EXPIRED = 1.5;

    static Optional<Series> of(BackupSchedule schedule, List<BackupSummary> oldestFirst) {
      if (oldestFirst.isEmpty()) {
        return Optional.empty();
      }
      int count = oldestFirst.size();
      Instant first = oldestFirst.get(0).recoveryPoint();
      double days =
          Duration.between(first, oldestFirst.get(count - 1).recoveryPoint()).toSeconds()
              / SECONDS_PER_DAY;
      double planned = SECONDS_PER_DAY / Math.max(1, schedule.longestInterval().toSeconds());
      double perDay = count >= 3 && days >= 1 ? (count - 1) / days : planned;
      double growth = days >= 1 ? slope(first, oldestFirst) : 0;
      double bytes = oldestFirst.get(count - 1).bytes();
      return Optional.of(
          new Series(count, kept(schedule.keep(), perDay), perDay, bytes, Math.max(0, growth)));
    }

    private static double kept(Retention keep, double perDay) {
      return keep.within().map(Span::estimated).orElse(Duration.ZERO).toSeconds()
              / SECONDS_PER_DAY
              * perDay
          + keep.daily()
          + keep.weekly()
          + keep.monthly()
          + keep.yearly();
    }

    /** Bytes per day, by least squares. */
    private static double slope(Instant first, List<BackupSummary> backups) {
      double n = backups.size();
      double sumX = 0;
      double sumY = 0;
      double sumXy = 0;
      double sumXx = 0;
      for (BackupSummary backup : backups) {
        double x = Duration.between(first, backup.recoveryPoint()).toSeconds() / SECONDS_PER_DAY;
        double y = backup.bytes();
        sumX += x;
        sumY += y;
        sumXy += x * y;
        sumXx += x * x;
      }
      double divisor = n * sumXx - sumX * sumX;
      return divisor == 0 ? 0 : (n * sumXy - sumX * sumY) / divisor;
    }

    double addedBytes(int day) {
      boolean expired = count <= kept * NOT_EXPIRED + 1;
      double then =
          expired ? Math.max(count, Math.min(kept, count + perDay * day)) : count + perDay * day;
      return then * (bytes + growth * day) - count * bytes;
    }
  }
}
