package dev.drp.plan;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads references to secrets. What is no reference may be the secret, and so is never shown. */
final class SecretReferences {
  static final String PATTERN = "env:[A-Za-z_]\\w*|file:.+|env-file:.+#[A-Za-z_]\\w*";

  private static final Pattern SHELL_VARIABLE = Pattern.compile("\\$\\{?([A-Za-z_]\\w*)}?");

  private SecretReferences() {}

  static SecretReference parse(String text, PlanPaths paths) {
    if (text.startsWith("env:")) {
      return new SecretReference.Variable(text.substring("env:".length()));
    }
    if (text.startsWith("file:")) {
      return new SecretReference.WholeFile(paths.resolve(text.substring("file:".length())));
    }
    if (text.startsWith("env-file:")) {
      int hash = text.lastIndexOf('#');
      if (hash < 0) {
        throw new InvalidValue(
            "env-file: without #NAME", SecretReference.EXPECTED, "say which variable of the file.");
      }
      return new SecretReference.EnvFile(
          paths.resolve(text.substring("env-file:".length(), hash)), text.substring(hash + 1));
    }
    Matcher variable = SHELL_VARIABLE.matcher(text);
    throw new InvalidValue(
        "a literal value (not shown)",
        SecretReference.EXPECTED,
        variable.matches()
            ? "write env:%s.".formatted(variable.group(1))
            : "keep the secret elsewhere, and change it if others have seen this file.");
  }
}
