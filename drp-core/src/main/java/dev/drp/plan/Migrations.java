package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * How to tell which migrations of the application's schema restored data lacks: an older backup has
 * an older schema than the image that runs now expects. Either a program says it, or a table of the
 * data is compared with what the image has.
 */
public record Migrations(
    @Key("service of the Compose project in whose image, with whose variables, the programs run")
        String service,
    @Key(
            "program and arguments that print a line for each migration that the data lacks,"
                + " nothing when it lacks none, and change nothing; or give table")
        List<String> pending,
    @Key("table that names the migrations that the data has, such as flyway_schema_history")
        Optional<String> table,
    @Key("column of that table that does; needed for tables of tools that drp does not know")
        Optional<String> column,
    @Key("folder in the service's container that holds the migrations that the image expects")
        Optional<String> files,
    @Key(
            "regular expression of the names in that folder that count, of which the first group is"
                + " what the column holds; needed for tables of tools that drp does not know")
        Optional<String> fileName,
    @Key(
            "program and arguments that print a line for each migration that the image expects; in"
                + " place of files")
        List<String> expected,
    @Key("program and arguments that apply what is pending") List<String> apply,
    @Key(value = "what is done with pending ones after a restore", defaultsTo = "report")
        AfterRestore afterRestore) {
  /** What is done with pending migrations after a restore. */
  public enum AfterRestore {
    /** They are named, and left to a person, or to the application as it starts. */
    REPORT,
    /** They are applied before the application starts. */
    APPLY
  }

  /**
   * A table of migrations, and the files that it is compared with.
   *
   * @param condition of the rows that count, in SQL; empty for all
   * @param fileName of the files that count; its first group is what the column holds
   */
  public record History(String table, String column, String condition, Pattern fileName) {
    /** The tables that migration tools keep, by the names that they give them. */
    private static final List<History> KNOWN =
        List.of(
            new History(
                "flyway_schema_history",
                "script",
                "success",
                Pattern.compile("([VR].*__.+\\.(?:sql|java|class))")),
            new History(
                "_prisma_migrations",
                "migration_name",
                "finished_at IS NOT NULL AND rolled_back_at IS NULL",
                Pattern.compile("(\\d+_.+)")),
            new History(
                "knex_migrations",
                "name",
                "",
                Pattern.compile("((?!.*\\.d\\.ts$).+\\.(?:js|cjs|mjs|ts))")),
            new History(
                "schema_migrations", "version", "", Pattern.compile("(\\d+)_[^.]+\\.(?:rb|sql)")));

    /** What the known tool keeps in a table of that name, in whatever schema. */
    static Optional<History> known(String table) {
      return KNOWN.stream()
          .filter(it -> table.equals(it.table) || table.endsWith("." + it.table))
          .map(it -> new History(table, it.column, it.condition, it.fileName))
          .findFirst();
    }

    /** What the table would hold for a file of that name; empty for one that does not count. */
    public Optional<String> entryOf(String name) {
      Matcher matcher = fileName.matcher(name);
      return matcher.matches() ? Optional.ofNullable(matcher.group(1)) : Optional.empty();
    }
  }

  public Migrations {
    pending = List.copyOf(pending);
    requireNonNull(table, "table");
    requireNonNull(column, "column");
    requireNonNull(files, "files");
    requireNonNull(fileName, "fileName");
    expected = List.copyOf(expected);
    apply = List.copyOf(apply);
    requireNonNull(afterRestore, "afterRestore");
    boolean known = table.flatMap(History::known).isPresent();
    Rules rules =
        Rules.of("migrations")
            .check(!service.isBlank(), "service", Text.quote(service), "a service")
            .check(
                pending.isEmpty() == table.isPresent(),
                pending.isEmpty() ? "pending" : "table",
                pending.isEmpty() ? "nothing" : "both",
                "pending, with a program and its arguments, or table")
            .check(
                afterRestore == AfterRestore.REPORT || !apply.isEmpty(),
                "apply",
                "nothing",
                "a program and its arguments, as after-restore is apply");
    if (table.isPresent()) {
      rules
          .check(
              files.isPresent() == expected.isEmpty(),
              files.isPresent() ? "expected" : "files",
              files.isPresent() ? "both" : "nothing",
              "files, with a folder in the container, or expected, with a program")
          .check(
              known || column.isPresent(),
              "column",
              "nothing",
              "a column, as %s is of no tool that drp knows".formatted(Text.quote(table.get())))
          .check(
              known || files.isEmpty() || fileName.isPresent(),
              "file-name",
              "nothing",
              "a regular expression, as %s is of no tool that drp knows"
                  .formatted(Text.quote(table.get())))
          .check(
              files.isEmpty() || files.get().startsWith("/"),
              "files",
              Text.quote(files.orElse("")),
              "an absolute path in the container")
          .check(
              fileName.isEmpty() || hasGroup(fileName.get()),
              "file-name",
              Text.quote(fileName.orElse("")),
              "a regular expression with a group, such as ([0-9]+)-.*\\.sql");
    } else {
      boolean none =
          column.isEmpty() && files.isEmpty() && fileName.isEmpty() && expected.isEmpty();
      rules.check(none, "table", "nothing", "a table, as column, files and expected belong to it");
    }
    rules.enforce();
  }

  private static boolean hasGroup(String expression) {
    try {
      return Pattern.compile(expression).matcher("").groupCount() > 0;
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  /** The table that the data is asked for; empty where a program tells what is pending. */
  public Optional<History> history() {
    return table.map(
        name -> {
          Optional<History> known = History.known(name);
          return new History(
              name,
              column.or(() -> known.map(History::column)).orElseThrow(),
              column.isPresent() ? "" : known.map(History::condition).orElse(""),
              fileName
                  .map(Pattern::compile)
                  .or(() -> known.map(History::fileName))
                  .orElse(Pattern.compile("(.+)")));
        });
  }

  /** Where a program of the application's tells what is pending. */
  public static Migrations by(
      String service, List<String> pending, List<String> apply, AfterRestore afterRestore) {
    return new Migrations(
        service,
        pending,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        apply,
        afterRestore);
  }
}
