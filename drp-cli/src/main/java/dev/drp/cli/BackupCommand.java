package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupRequest;
import dev.drp.backup.BackupResult;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.RetentionPolicy;
import dev.drp.backup.TakeBackup;
import dev.drp.backup.TakeOverBackups;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp backup}. */
@Command(
    name = "backup",
    description = {
      "Take a backup of an environment's database, its configuration or all that a new machine"
          + " needs, prove it by reading it back, and copy it to the other storages.",
      "Without --schedule and --kind, it is a logical one, taken for the environment's only logical"
          + " schedule; by hand where there are several or none."
    })
final class BackupCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment;

  @ArgGroup private @Nullable What what;

  @Option(
      names = "--emergency",
      description =
          "Save what can still be read of a damaged server. Never counts as good, never expires.")
  private boolean emergency;

  @Option(
      names = "--take-over",
      description =
          "Make this machine the one that writes the environment's backups, whoever did before.")
  private boolean takeOver;

  @Option(
      names = "--images",
      description = "With a system backup: the images of the containers, too.")
  private boolean images;

  /** For which schedule, or of which kind. */
  private static final class What {
    @Option(
        names = "--schedule",
        paramLabel = "NAME",
        description = "For this schedule of the plan: to its storages, kept as long as it says.")
    private @Nullable String schedule;

    @Option(
        names = "--kind",
        paramLabel = "KIND",
        description =
            "By hand, for no schedule: logical, physical, configuration or system. Kept until it is"
                + " removed by hand.")
    private @Nullable BackupKind kind;
  }

  @Override
  ExitStatus run(Session session) {
    ContingencyPlan plan = session.plan();
    Environment of = plan.environment(environment);
    Optional<BackupSchedule> schedule = schedule(plan);
    BackupKind kind = requireTaken(schedule.map(BackupSchedule::kind).orElse(kind()));
    if (kind == BackupKind.LOGICAL || kind == BackupKind.PHYSICAL) {
      of.requireDatabase();
    }
    List<String> names = storagesOf(plan, schedule, kind);
    List<NamedStorage> storages =
        session
            .storages()
            .require(names, schedule.map(it -> "schedule " + it.name()).orElse("the plan"));
    if (takeOver) {
      long epoch =
          new TakeOverBackups(session.state(), session.clock())
              .takeOver(plan.application(), environment, storages);
      session
          .progress()
          .message(
              "this machine writes the backups of %s now, epoch %d".formatted(environment, epoch));
    }
    TakeBackup takeBackup =
        new TakeBackup(
            session.adapters().databases(),
            session.coding(),
            session.state(),
            session.clock(),
            session.progress(),
            Drp.Version.number(),
            session.places());
    BackupResult result =
        takeBackup.take(
            new BackupRequest(
                plan.application(),
                of,
                kind,
                schedule.map(BackupSchedule::name),
                storages,
                emergency,
                Optional.of(RetentionPolicy.of(plan, environment)),
                mayBePlain(plan, schedule, kind),
                images || schedule.map(BackupSchedule::images).orElse(false)));
    List<String> warnings = result.warnings();
    session.print(() -> json(result, warnings), out -> print(result, warnings, session, out));
    return result.exitStatus();
  }

  private BackupKind kind() {
    return Optional.ofNullable(what).map(it -> it.kind).orElse(BackupKind.LOGICAL);
  }

  private Optional<BackupSchedule> schedule(ContingencyPlan plan) {
    String name = what == null ? null : what.schedule;
    if (name != null) {
      BackupSchedule named = plan.backup(name);
      if (!named.environment().equals(environment)) {
        throw new RecoveryException(
            ErrorCode.USAGE,
            "schedule %s is for environment %s, not for %s"
                .formatted(name, named.environment(), environment),
            "the schedules of %s: %s."
                .formatted(environment, namesOf(plan.backupsOf(environment))));
      }
      return Optional.of(named);
    }
    if (what != null) {
      return Optional.empty();
    }
    List<BackupSchedule> logical = schedulesOf(plan, BackupKind.LOGICAL);
    return logical.size() == 1 ? Optional.of(logical.get(0)) : Optional.empty();
  }

  private List<BackupSchedule> schedulesOf(ContingencyPlan plan, BackupKind kind) {
    return plan.backupsOf(environment).stream().filter(it -> it.kind() == kind).toList();
  }

  private static String namesOf(List<BackupSchedule> schedules) {
    return schedules.isEmpty()
        ? "none"
        : String.join(", ", schedules.stream().map(BackupSchedule::name).toList());
  }

  private BackupKind requireTaken(BackupKind kind) {
    if (emergency && kind != BackupKind.LOGICAL) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "an emergency backup is a logical one: the files of a damaged server are as damaged",
          "leave out the kind; or stop the server and copy its folder.");
    }
    if (images && kind != BackupKind.SYSTEM) {
      throw new RecoveryException(
          ErrorCode.USAGE, "only a system backup holds images", "add --kind system.");
    }
    return kind;
  }

  /** By hand: to wherever the environment's schedules go, else to every storage. */
  private List<String> storagesOf(
      ContingencyPlan plan, Optional<BackupSchedule> schedule, BackupKind kind) {
    if (schedule.isPresent()) {
      return schedule.get().to();
    }
    List<String> names =
        schedulesOf(plan, kind).stream().flatMap(it -> it.to().stream()).distinct().toList();
    return names.isEmpty() ? new ArrayList<>(plan.storages().keySet()) : names;
  }

  /** By hand, it goes where the schedules of its kind go, and only as all of them do. */
  private boolean mayBePlain(
      ContingencyPlan plan, Optional<BackupSchedule> schedule, BackupKind kind) {
    List<BackupSchedule> rules = schedule.map(List::of).orElseGet(() -> schedulesOf(plan, kind));
    return !rules.isEmpty() && rules.stream().allMatch(BackupSchedule::plain);
  }

  private static Json json(BackupResult result, List<String> warnings) {
    return BackupJson.manifest(result.manifest())
        .put("storage", result.storage().name())
        .put(
            "copies",
            result.copies().stream()
                .map(
                    copy ->
                        Json.object()
                            .put("storage", copy.storage().name())
                            .put("offSite", copy.storage().offSite())
                            .put("copied", copy.copied().stream().map(BackupId::value).toList())
                            .put("problem", copy.failure().map(RecoveryException::problem)))
                .toList())
        .put("warnings", warnings);
  }

  private static boolean copied(BackupResult result, BackupResult.Copy copy) {
    return copy.copied().contains(result.manifest().id());
  }

  /** What the storage had missed before. */
  private static String older(BackupResult result, BackupResult.Copy copy) {
    long older = copy.copied().stream().filter(it -> !it.equals(result.manifest().id())).count();
    return older == 0 ? "" : ", and %d older that it lacked".formatted(older);
  }

  private static String problem(BackupResult.Copy copy) {
    return copy.failure().map(it -> ": " + it.problem()).orElse("");
  }

  private static void print(
      BackupResult result, List<String> warnings, Session session, Console out) {
    BackupManifest manifest = result.manifest();
    out.line(
        manifest.emergency()
            ? out.warning("emergency backup") + " " + manifest.id() + ": never counts as good"
            : "backup " + out.bold(manifest.id().value()) + " is " + out.good("verified"));
    Table facts = BackupText.facts(manifest, session);
    facts.row("", "stored in", result.storage().toString());
    result
        .copies()
        .forEach(
            copy ->
                facts.row(
                    "",
                    copied(result, copy) ? "copied to" : out.bad("not copied to"),
                    copy.storage() + older(result, copy) + problem(copy)));
    facts.lines().forEach(out::line);
    manifest.unreadable().forEach(it -> out.line("  " + out.bad("not readable") + "  " + it));
    warnings.forEach(it -> out.line(out.warning("warning") + ": " + it));
  }
}
