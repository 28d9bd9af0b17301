package dev.drp.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What must hold between the values of one section; everything broken is reported together. */
final class Rules {
  /** Names that the plan gives to its own things, so that they fit in file names and commands. */
  static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

  static final String NAME_EXPECTED =
      "a name of small letters a-z, digits and hyphens inside, at most 63 characters";

  private final String section;
  private final List<Broken> broken = new ArrayList<>();

  private Rules(String section) {
    this.section = section;
  }

  /** {@code key} is relative to the section; empty for the section itself. */
  record Broken(String key, String found, String expected, String hint) {
    String separator() {
      return key.isEmpty() ? "" : " ";
    }
  }

  static Rules of(String section) {
    return new Rules(section);
  }

  Rules name(String name) {
    return check(NAME.matcher(name).matches(), "", Text.quote(name), NAME_EXPECTED);
  }

  Rules check(boolean holds, String key, Object found, String expected) {
    return check(holds, key, found, expected, "");
  }

  Rules check(boolean holds, String key, Object found, String expected, String hint) {
    if (!holds) {
      broken.add(new Broken(key, found.toString(), expected, hint));
    }
    return this;
  }

  /** Checks that a name is one of those that a section of the plan defines. */
  Rules refers(String key, String name, String target, Set<String> names) {
    if (names.contains(name)) {
      return this;
    }
    return check(
        false,
        key,
        Text.quote(name),
        "a name defined under " + target,
        Nearest.to(name, names).map(n -> "did you mean " + Text.quote(n) + "?").orElse(""));
  }

  void enforce() {
    if (!broken.isEmpty()) {
      throw new InvalidSection(section, broken);
    }
  }
}
