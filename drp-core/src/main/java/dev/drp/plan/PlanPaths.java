package dev.drp.plan;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * What paths of a plan file start from.
 *
 * @param folder the folder of the plan file: relative paths start there
 * @param home what {@code ~} stands for
 */
record PlanPaths(Path folder, Path home) {
  static final String EXPECTED = "a path (absolute, relative to this file, or below ~)";

  static PlanPaths of(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    Path folder = absolute.getParent();
    return new PlanPaths(
        folder == null ? absolute : folder, Path.of(System.getProperty("user.home", "/")));
  }

  Path resolve(String text) {
    if (text.isBlank()) {
      throw new InvalidValue("an empty text", EXPECTED, "");
    }
    if (text.startsWith("~") && !text.equals("~") && !text.startsWith("~/")) {
      throw new InvalidValue(
          Text.quote(text), EXPECTED, "only ~/ is known; write the home of another user out.");
    }
    try {
      return text.startsWith("~")
          ? home.resolve(text.substring(Math.min(2, text.length()))).normalize()
          : folder.resolve(text).normalize();
    } catch (InvalidPathException e) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
  }
}
