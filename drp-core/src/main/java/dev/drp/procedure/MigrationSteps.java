package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.files.ContainerFiles;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Migrations;
import dev.drp.plan.Migrations.AfterRestore;
import dev.drp.plan.Migrations.History;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Phase;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.Container;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Between the return of the data and the start of what writes: restored data may be of an older
 * schema than the application's image expects.
 */
final class MigrationSteps {
  private static final String PENDING = "pending-migrations";
  private static final int MOST_NAMED = 10;
  private static final Duration LIMIT = Duration.ofMinutes(30);
  private static final Duration START_LIMIT = Duration.ofMinutes(5);

  private final Environment environment;
  private final Optional<Migrations> settings;
  private final List<String> database;
  private final ComposeProject project;
  private final RecoveryPorts ports;
  private final Function<StepContext, Map<String, String>> images;

  /**
   * @param images of the services that ran before, by content
   */
  MigrationSteps(
      Environment environment,
      ComposeProject project,
      RecoveryPorts ports,
      Function<StepContext, Map<String, String>> images) {
    this.environment = environment;
    settings = environment.database().flatMap(DatabaseSettings::migrations);
    database = environment.database().flatMap(DatabaseSettings::service).stream().toList();
    this.project = project;
    this.ports = ports;
    this.images = images;
  }

  /** Adds them as a phase, if the plan has any. */
  void addTo(RecoveryPlan.Builder builder, UnaryOperator<Phase> as) {
    settings.ifPresent(
        it -> {
          List<Step> steps = new ArrayList<>(List.of(check(it)));
          if (it.afterRestore() == AfterRestore.APPLY) {
            steps.add(apply(it));
          }
          builder.phase(as.apply(new Phase("migrations", Optional.empty(), steps)));
        });
  }

  private Step check(Migrations migrations) {
    return Step.reading(
            "check-migrations",
            explanation(migrations),
            context -> {
              List<String> pending = pending(context, migrations);
              context.record(PENDING, Integer.toString(pending.size()));
              context.found(
                  Finding.check(
                      "pending migrations",
                      "none",
                      pending.isEmpty() ? "none" : String.join(", ", pending),
                      pending.isEmpty()));
              if (!pending.isEmpty() && migrations.afterRestore() == AfterRestore.REPORT) {
                context.found(
                    Finding.warning(
                        "migrations",
                        "the plan leaves them to you (after-restore: report), or to the"
                            + " application as it starts"));
              }
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(START_LIMIT.plus(LIMIT))
        .onFailure(
            migrations.afterRestore() == AfterRestore.REPORT
                ? FailurePolicy.CONTINUE
                : FailurePolicy.PAUSE);
  }

  private static String explanation(Migrations migrations) {
    return migrations
        .table()
        .map(
            table ->
                "Compares table %s of the restored data with %s of service %s."
                    .formatted(
                        table,
                        migrations
                            .files()
                            .map("the migrations in "::concat)
                            .orElse(
                                "what is printed by " + String.join(" ", migrations.expected())),
                        migrations.service()))
        .orElseGet(
            () ->
                "Asks the image of service %s which migrations the restored data lacks: %s"
                    .formatted(migrations.service(), String.join(" ", migrations.pending())));
  }

  /** Whatever of them was applied when it was interrupted is not pending any more. */
  private Step apply(Migrations migrations) {
    return Step.changing(
            "apply-migrations",
            "Applies them in the image of service %s: %s"
                .formatted(migrations.service(), String.join(" ", migrations.apply())),
            context -> {
              if (context.find(PENDING).equals(Optional.of("0"))) {
                return;
              }
              project.run(migrations.service(), images.apply(context), migrations.apply(), LIMIT);
              List<String> left = pending(context, migrations);
              if (!left.isEmpty()) {
                throw new RecoveryException(
                    ErrorCode.VERIFICATION_FAILED,
                    "%s ended well, and these are pending as before: %s"
                        .formatted(String.join(" ", migrations.apply()), String.join(", ", left)),
                    "see what it does; then go on with drp resume.");
              }
            })
        .probe(
            context ->
                pending(context, migrations).isEmpty() ? Step.Outcome.DONE : Step.Outcome.NOT_DONE)
        .within(START_LIMIT.plus(LIMIT.multipliedBy(2)));
  }

  private boolean databaseIsUp() {
    return database.isEmpty()
        || project.containers().stream()
            .filter(it -> it.composeService().filter(database::contains).isPresent())
            .anyMatch(it -> it.isUp() || (it.running() && databaseAnswers()));
  }

  /** One that was just started answers 1 to 2 s before its health check has been made. */
  private boolean databaseAnswers() {
    try (DatabaseServer server = ports.databases().connect(environment)) {
      return true;
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.DATABASE_UNAVAILABLE || e.code() == ErrorCode.CONTAINER_NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private List<String> pending(StepContext context, Migrations migrations) {
    Map<String, String> ran = images.apply(context);
    if (!databaseIsUp()) {
      project.up(database, ran, START_LIMIT);
    }
    return migrations
        .history()
        .map(history -> lacking(context, migrations, history, ran))
        .orElseGet(() -> printed(migrations.service(), ran, migrations.pending()));
  }

  private List<String> printed(String service, Map<String, String> ran, List<String> program) {
    return project
        .run(service, ran, program, LIMIT)
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .toList();
  }

  /** What the image expects and the table does not name, in the order of the image. */
  private List<String> lacking(
      StepContext context, Migrations migrations, History history, Map<String, String> ran) {
    List<String> expected =
        migrations
            .files()
            .map(folder -> inFolder(migrations.service(), folder, history, ran))
            .orElseGet(() -> printed(migrations.service(), ran, migrations.expected()));
    List<String> applied = applied(history);
    List<String> unknown =
        applied.stream().filter(entry -> !expected.contains(entry)).limit(MOST_NAMED).toList();
    if (!unknown.isEmpty()) {
      context.found(
          Finding.warning(
              "migrations",
              "the data has some that the image does not know, so it may be newer than the image: "
                  + String.join(", ", unknown)));
    }
    return expected.stream().filter(entry -> !applied.contains(entry)).toList();
  }

  private List<String> inFolder(
      String service, String folder, History history, Map<String, String> ran) {
    Container container = project.create(service, ran);
    List<String> names =
        new ContainerFiles(ports.engine().get(), container, folder)
            .names()
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.FILES_MISSING,
                        "there is no folder %s in container %s".formatted(folder, container.name()),
                        "correct database.migrations.files in the plan."));
    List<String> expected =
        names.stream().flatMap(name -> history.entryOf(name).stream()).distinct().toList();
    if (expected.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.FILES_MISSING,
          "none of the %d names in %s of container %s is that of a migration: %s"
              .formatted(
                  names.size(),
                  folder,
                  container.name(),
                  names.stream().limit(MOST_NAMED).collect(Collectors.joining(", "))),
          "correct database.migrations.files or file-name in the plan; names have to match "
              + history.fileName());
    }
    return expected;
  }

  private List<String> applied(History history) {
    String database = environment.requireDatabase().name();
    try (DatabaseServer server = ports.databases().connect(environment)) {
      return server
          .values(database, history.table(), history.column(), history.condition())
          .orElseThrow(
              () ->
                  new RecoveryException(
                      ErrorCode.VERIFICATION_FAILED,
                      "database %s has no table %s with a column %s"
                          .formatted(database, history.table(), history.column()),
                      "correct database.migrations.table or column in the plan; or this data is"
                          + " from before its first migration."));
    }
  }
}
