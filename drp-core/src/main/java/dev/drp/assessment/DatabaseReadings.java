package dev.drp.assessment;

import dev.drp.assessment.Reading.Section;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.ExpectationResult;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The database of an environment. */
final class DatabaseReadings {
  private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(5);

  private final Environment environment;
  private final Optional<Duration> longest;
  private final Optional<Asked<DatabaseLook>> look;

  DatabaseReadings(
      ContingencyPlan plan,
      Environment environment,
      Surroundings surroundings,
      Questions questions) {
    this.environment = environment;
    this.longest = plan.thresholds().databaseResponse();
    this.look =
        environment
            .database()
            .map(
                any ->
                    questions.ask(
                        "database", () -> DatabaseLook.at(surroundings.databases(), environment)));
  }

  /** Empty where the plan gives the environment no database. */
  Optional<Asked.Answer<DatabaseLook>> answer() {
    return look.map(Asked::answer);
  }

  List<Reading> readings() {
    if (look.isEmpty()) {
      return List.of();
    }
    String name = "database " + environment.requireDatabase().name();
    Asked.Answer<DatabaseLook> answer = look.get().answer();
    if (answer.value().isEmpty()) {
      return List.of(Reading.failed(Section.DATABASE, name, answer));
    }
    DatabaseLook found = answer.value().get();
    List<Reading> readings = new ArrayList<>();
    readings.add(
        Reading.good(
            Section.DATABASE,
            "server",
            "PostgreSQL %s, %s".formatted(found.server().version(), found.server().place())));
    clock(found).ifPresent(readings::add);
    if (!found.exists()) {
      readings.add(
          Reading.bad(
              Section.DATABASE,
              name,
              "the server has no database of that name; it has "
                  + String.join(
                      ", ", found.databases().stream().map(DatabaseSummary::name).toList()),
              "restore it: drp recover database %s.".formatted(environment.name())));
    }
    found.response().ifPresent(it -> readings.add(response(it)));
    found.databases().forEach(it -> readings.add(size(it)));
    if (!found.connections().isEmpty()) {
      readings.add(Reading.good(Section.DATABASE, "connections", found.connections()));
    }
    found.expectations().forEach(it -> readings.add(expectation(it)));
    return readings;
  }

  private static Optional<Reading> clock(DatabaseLook found) {
    Duration offset = found.server().clockOffset();
    return offset.abs().compareTo(CLOCK_TOLERANCE) <= 0
        ? Optional.empty()
        : Optional.of(
            Reading.bad(
                Section.DATABASE,
                "clock",
                "off by " + Amount.millis(offset),
                "set the clocks: recovery to an instant goes by them."));
  }

  private Reading response(ExpectationResult response) {
    if (!response.met()) {
      return Reading.bad(Section.DATABASE, "answer time", response.actual(), "see its log.");
    }
    return Reading.judged(
        Section.DATABASE,
        "answer time",
        Amount.millis(response.took()),
        longest.map(it -> "at most " + Amount.millis(it)).orElse(""),
        longest.filter(it -> response.took().compareTo(it) > 0).isEmpty(),
        "look for long statements, locks, and what else needs the machine.");
  }

  private static Reading size(DatabaseSummary database) {
    return Reading.good(
        Section.DATABASE, "size of " + database.name(), Amount.bytes(database.sizeBytes()));
  }

  private static Reading expectation(ExpectationResult result) {
    return Reading.judged(
        Section.DATABASE,
        result.name(),
        "%s in %s".formatted(result.actual(), Amount.millis(result.took())),
        result.expected(),
        result.met() && result.inTime(),
        result.met()
            ? "it takes longer than the plan expects."
            : "the data is not what the plan expects; `drp assess` says what would be lost.");
  }
}
