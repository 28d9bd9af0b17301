package dev.drp.assessment;

import dev.drp.plan.Percentage;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Measured amounts as people read them. */
final class Amount {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};

  private Amount() {}

  static String bytes(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(
        Locale.ROOT, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
  }

  static String percent(double share) {
    return Math.round(share * 100) + "%";
  }

  static String millis(Duration duration) {
    return duration.toMillis() + " ms";
  }

  static String limit(Optional<Percentage> limit) {
    return limit.map(it -> "at most " + it).orElse("");
  }

  static boolean within(double share, Optional<Percentage> limit) {
    return limit.isEmpty() || share <= limit.get().fraction();
  }
}
