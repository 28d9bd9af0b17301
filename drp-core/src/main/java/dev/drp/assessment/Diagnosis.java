package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.ExitStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * How the parts of an environment are.
 *
 * @param took how long it took to ask
 * @param readings in the order of their sections; no secrets in them
 */
public record Diagnosis(String environment, Instant at, Duration took, List<Reading> readings) {
  public Diagnosis {
    requireNonNull(environment, "environment");
    requireNonNull(at, "at");
    requireNonNull(took, "took");
    readings = List.copyOf(readings);
  }

  /** FAILED when something is bad, and also when something could not be told. */
  public ExitStatus exitStatus() {
    return Reading.allGood(readings) ? ExitStatus.OK : ExitStatus.FAILED;
  }
}
