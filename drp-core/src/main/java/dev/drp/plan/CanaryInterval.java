package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Optional;

/**
 * How often the canary is written: the row by which restored data shows how far it goes.
 *
 * @param every from 100 ms to an hour; empty for no canary
 */
public record CanaryInterval(Optional<Duration> every) {
  static final String EXPECTED = "off, or a length of time such as 5s";
  static final String PATTERN = "off|" + Quantities.DURATION_PATTERN;

  /** No canary is written. */
  public static final CanaryInterval OFF = new CanaryInterval(Optional.empty());

  private static final String OFF_WORD = "off";
  private static final Duration SHORTEST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofHours(1);

  public CanaryInterval {
    requireNonNull(every, "every");
    every.ifPresent(
        it -> {
          if (it.compareTo(SHORTEST) < 0 || it.compareTo(LONGEST) > 0) {
            throw new InvalidValue(Quantities.text(it), EXPECTED, "from 100ms to 1h.");
          }
        });
  }

  public static CanaryInterval of(Duration every) {
    return new CanaryInterval(Optional.of(every));
  }

  static CanaryInterval parse(String text) {
    return text.strip().equals(OFF_WORD) ? OFF : of(Quantities.duration(text));
  }
}
