package dev.drp.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Removes from texts, such as log lines, what looks like a secret: the values of variables whose
 * names sound like one, and passwords in addresses. Safe for concurrent use.
 */
public final class HiddenSecrets {
  private static final String HIDDEN = "***";

  /** Shorter ones are not kept secret by anybody, and would blot out half of every text. */
  private static final int SHORTEST = 4;

  private static final Pattern SECRET_NAME =
      Pattern.compile(
          "(?i).*(passw|passphrase|pwd|secret|token|credential|private|salt|(^|_)pass($|_)"
              + "|api_?key|(^|_)key($|_)).*(?<!_file|_path)");

  private static final Pattern PASSWORD_IN_ADDRESS =
      Pattern.compile("(://[^\\s/:@]*:)([^\\s/@]+)(@)");

  private final List<String> values;

  private HiddenSecrets(Collection<String> values) {
    List<String> longestFirst = new ArrayList<>(values);
    longestFirst.sort(Comparator.comparingInt(String::length).reversed());
    this.values = List.copyOf(longestFirst);
  }

  /** The secrets of that container's environment. */
  public static HiddenSecrets of(Container container) {
    return of(List.of(container));
  }

  /** The secrets of those containers' environments: one prints the other's. */
  public static HiddenSecrets of(Collection<Container> containers) {
    Set<String> values = new TreeSet<>();
    for (Container container : containers) {
      container.environment().forEach((name, value) -> collect(name, value, values));
    }
    return new HiddenSecrets(values);
  }

  /** The secrets of that environment. */
  public static HiddenSecrets of(Map<String, String> environment) {
    Set<String> values = new TreeSet<>();
    environment.forEach((name, value) -> collect(name, value, values));
    return new HiddenSecrets(values);
  }

  private static void collect(String name, String value, Set<String> values) {
    if (SECRET_NAME.matcher(name).matches()) {
      // A text is often looked at line by line, and so is a key in several lines.
      value.lines().map(String::strip).forEach(values::add);
    }
    Matcher address = PASSWORD_IN_ADDRESS.matcher(value);
    while (address.find()) {
      values.add(address.group(2));
    }
    values.removeIf(each -> each.length() < SHORTEST);
  }

  /** The text without them. */
  public String hideIn(String text) {
    String hidden = text;
    for (String value : values) {
      hidden = hidden.replace(value, HIDDEN);
    }
    return PASSWORD_IN_ADDRESS.matcher(hidden).replaceAll("$1" + HIDDEN + "$3");
  }

  /** The lines without them. */
  public List<String> hideIn(List<String> lines) {
    return lines.stream().map(this::hideIn).toList();
  }
}
