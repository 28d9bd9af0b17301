package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which backup a drill restores.
 *
 * @param seed draws any good backup of the window instead of the newest one; the same seed draws
 *     the same
 * @param window how far back a drawn backup may lie
 */
public record DrillRequest(Optional<Long> seed, Duration window) {
  /** The window unless it is said otherwise. */
  public static final Duration WINDOW = Duration.ofDays(30);

  public static final DrillRequest NEWEST = new DrillRequest(Optional.empty(), WINDOW);

  public DrillRequest {
    requireNonNull(seed, "seed");
    requireNonNull(window, "window");
  }

  public static DrillRequest random(long seed) {
    return new DrillRequest(Optional.of(seed), WINDOW);
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>();
    seed.ifPresent(number -> arguments.put("seed", String.valueOf(number)));
    arguments.put("window", window.toString());
    return arguments;
  }

  static DrillRequest fromArguments(Map<String, String> arguments) {
    return new DrillRequest(
        Optional.ofNullable(arguments.get("seed")).map(Long::valueOf),
        Optional.ofNullable(arguments.get("window")).map(Duration::parse).orElse(WINDOW));
  }
}
