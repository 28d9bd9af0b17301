package dev.drp.procedure;

import dev.drp.recovery.StepContext;
import java.util.Map;
import java.util.stream.Collectors;

/** Which images the services of an environment ran, kept in mind by an execution. */
final class RunningImages {
  private static final String IMAGES = "images";

  private RunningImages() {}

  /** Content ids by service; empty when nobody has looked. */
  static Map<String, String> of(StepContext context) {
    return context
        .find(IMAGES)
        .map(
            text ->
                text.lines()
                    .map(line -> line.split(" ", 2))
                    .collect(Collectors.toMap(line -> line[0], line -> line[1])))
        .orElse(Map.of());
  }

  /**
   * For whoever starts them again.
   *
   * @param images content ids by service
   */
  static void keep(StepContext context, Map<String, String> images) {
    context.record(
        IMAGES,
        images.entrySet().stream()
            .map(it -> it.getKey() + " " + it.getValue())
            .collect(Collectors.joining("\n")));
  }
}
