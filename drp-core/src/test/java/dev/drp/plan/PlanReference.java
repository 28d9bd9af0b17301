package dev.drp.plan;

import static java.util.stream.Collectors.joining;

import dev.drp.plan.Grammar.Entry;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes the reference of all keys of the plan file, in Markdown, from the grammar. */
final class PlanReference {
  private final Map<String, String> tables = new LinkedHashMap<>();

  private PlanReference() {}

  static String markdown() {
    PlanReference reference = new PlanReference();
    reference.add("At the top", "", Grammar.of(ContingencyPlan.class));
    return String.join("\n", reference.tables.values());
  }

  /** What a section is called in the schema and in the reference. */
  static String title(Grammar.Section section) {
    Class<?> around = section.type().getDeclaringClass();
    String name = section.type().getSimpleName();
    return Text.kebab(
        around == Storage.class
            ? name + "Storage"
            : around == PlannedRecovery.class ? "Recovery" + name : name);
  }

  /** What a key means, with what the schema cannot say. */
  static String meaning(Entry entry) {
    return entry.description()
        + (entry.refersTo().isEmpty() ? "" : "; a name under " + entry.refersTo())
        + (entry.notActedOnYet() ? "; not acted on yet" : "");
  }

  private void add(String title, String where, Grammar.Section section) {
    if (tables.containsKey(title)) {
      return;
    }
    tables.put(title, ""); // keeps the order in which sections are met
    tables.put(
        title,
        section.entries().stream()
            .map(PlanReference::row)
            .collect(
                joining(
                    "\n",
                    """
                    ### %s

                    Where: %s.%s

                    | key | value | if left out | meaning |
                    |---|---|---|---|
                    """
                        .formatted(
                            title,
                            where.isEmpty() ? "the file itself" : "`" + where + "`",
                            remarks(section)),
                    "\n")));
    for (Entry entry : section.entries()) {
      addBelow(entry.value(), where.isEmpty() ? entry.key() : where + "." + entry.key());
    }
  }

  private void addBelow(Grammar grammar, String where) {
    if (grammar instanceof Grammar.Many many) {
      addBelow(many.element(), where + "[]");
    } else if (grammar instanceof Grammar.Named named) {
      addBelow(named.entry(), where + ".NAME");
    } else if (grammar instanceof Grammar.Choice choice) {
      choice.sections().forEach(section -> addBelow(section, where));
    } else if (grammar instanceof Grammar.Section section) {
      add(title(section), where, section);
    }
  }

  private static String remarks(Grammar.Section section) {
    return (section.notActedOnYet() ? " Not acted on yet." : "")
        + section
            .shorthand()
            .map(key -> " A single value in its place stands for `%s`.".formatted(key))
            .orElse("");
  }

  private static String row(Entry entry) {
    return "| `%s` | %s | %s | %s |"
        .formatted(entry.key(), value(entry.value()), absent(entry), meaning(entry));
  }

  private static String value(Grammar grammar) {
    if (grammar instanceof Grammar.One one) {
      return one.scalar().expected().replace("|", "\\|");
    }
    if (grammar instanceof Grammar.Many many) {
      return "list of: " + value(many.element());
    }
    if (grammar instanceof Grammar.Named named) {
      return "entries by name, each: " + value(named.entry());
    }
    if (grammar instanceof Grammar.Choice choice) {
      return choice.sections().stream().map(PlanReference::value).collect(joining(" or "));
    }
    String title = title((Grammar.Section) grammar);
    return "[%s](#%s)".formatted(title, title);
  }

  private static String absent(Entry entry) {
    if (entry.required()) {
      return "**required**";
    }
    return entry.defaultsTo().isEmpty() ? "–" : "`" + entry.defaultsTo() + "`";
  }
}
