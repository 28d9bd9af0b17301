package dev.drp.recovery;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Steps of a phase that are done at the same time.
 *
 * @param name empty for a single step that is in no group
 */
public record Group<T>(Optional<String> name, List<T> steps) {
  public Group {
    requireNonNull(name, "name");
    steps = List.copyOf(steps);
  }

  /** Divides steps, in order, into what is done one after the other. */
  static <T> List<Group<T>> of(List<T> steps, Function<T, Optional<String>> groupOf) {
    List<Group<T>> groups = new ArrayList<>();
    List<T> together = new ArrayList<>();
    for (T step : steps) {
      Optional<String> name = groupOf.apply(step);
      boolean joins =
          name.isPresent() && !together.isEmpty() && groupOf.apply(together.get(0)).equals(name);
      if (!joins && !together.isEmpty()) {
        groups.add(new Group<>(groupOf.apply(together.get(0)), together));
        together.clear();
      }
      together.add(step);
    }
    if (!together.isEmpty()) {
      groups.add(new Group<>(groupOf.apply(together.get(0)), together));
    }
    return groups;
  }
}
