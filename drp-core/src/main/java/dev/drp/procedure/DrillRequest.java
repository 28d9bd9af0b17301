package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.backup.BackupId;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Which backup a drill restores.
 *
 * @param backup a certain backup, which must be good
 * @param seed draws any good backup of the window instead of the newest one; the same seed draws
 *     the same
 * @param window how far back a drawn backup may lie
 */
public record DrillRequest(Optional<BackupId> backup, Optional<Long> seed, Duration window) {
  /** The window unless it is said otherwise. */
  public static final Duration WINDOW = Duration.ofDays(30);

  public static final DrillRequest NEWEST =
      new DrillRequest(Optional.empty(), Optional.empty(), WINDOW);

  public DrillRequest {
    requireNonNull(backup, "backup");
    requireNonNull(seed, "seed");
    requireNonNull(window, "window");
    if (backup.isPresent() && seed.isPresent()) {
      throw new IllegalArgumentException("a backup or a seed, not both");
    }
  }

  public static DrillRequest random(long seed) {
    return new DrillRequest(Optional.empty(), Optional.of(seed), WINDOW);
  }

  public static DrillRequest of(BackupId backup) {
    return new DrillRequest(Optional.of(backup), Optional.empty(), WINDOW);
  }

  Map<String, String> toArguments() {
    Map<String, String> arguments = new LinkedHashMap<>();
    backup.ifPresent(id -> arguments.put("backup", id.value()));
    seed.ifPresent(number -> arguments.put("seed", String.valueOf(number)));
    arguments.put("window", window.toString());
    return arguments;
  }

  static DrillRequest fromArguments(Map<String, String> arguments) {
    return new DrillRequest(
        Optional.ofNullable(arguments.get("backup")).map(BackupId::new),
        Optional.ofNullable(arguments.get("seed")).map(Long::valueOf),
        Optional.ofNullable(arguments.get("window")).map(Duration::parse).orElse(WINDOW));
  }
}
