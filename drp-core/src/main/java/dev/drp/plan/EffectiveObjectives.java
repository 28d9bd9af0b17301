package dev.drp.plan;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The objectives that count, each with where in the plan it comes from: the nearest wins. */
public record EffectiveObjectives(
    Optional<Sourced<Duration>> recoveryTime,
    Optional<Sourced<Duration>> recoveryPoint,
    Optional<Sourced<Duration>> repairTime,
    Optional<Sourced<Percentage>> availability) {
  /** A value and the property path that it stands at. */
  public record Sourced<T>(T value, String path) {}

  /** Some objectives and the property path of their section. */
  record Level(Objectives objectives, String path) {}

  static EffectiveObjectives nearest(List<Level> nearestFirst) {
    return new EffectiveObjectives(
        first(nearestFirst, Objectives::recoveryTime, "recovery-time"),
        first(nearestFirst, Objectives::recoveryPoint, "recovery-point"),
        first(nearestFirst, Objectives::repairTime, "repair-time"),
        first(nearestFirst, Objectives::availability, "availability"));
  }

  private static <T> Optional<Sourced<T>> first(
      List<Level> levels, Function<Objectives, Optional<T>> objective, String key) {
    return levels.stream()
        .flatMap(
            level ->
                objective.apply(level.objectives()).stream()
                    .map(value -> new Sourced<>(value, level.path() + "." + key)))
        .findFirst();
  }
}
