package dev.drp.plan;

import java.util.List;
import java.util.stream.Collectors;

/** A record of the plan that cannot exist, with everything that is wrong with it. */
final class InvalidSection extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final transient List<Rules.Broken> broken;

  InvalidSection(String section, List<Rules.Broken> broken) {
    super(
        broken.stream()
            .map(
                b ->
                    section
                        + b.separator()
                        + b.key()
                        + ": "
                        + b.found()
                        + "; expected "
                        + b.expected())
            .collect(Collectors.joining("\n")));
    this.broken = List.copyOf(broken);
  }

  List<Rules.Broken> broken() {
    return broken;
  }
}
