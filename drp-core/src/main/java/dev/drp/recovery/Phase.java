package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Named steps of a recovery plan, in order.
 *
 * @param target how long the phase should take at most; the report compares
 */
public record Phase(String name, Optional<Duration> target, List<Step> steps) {
  public Phase {
    requireNonNull(name, "name");
    requireNonNull(target, "target");
    steps = List.copyOf(steps);
  }
}
