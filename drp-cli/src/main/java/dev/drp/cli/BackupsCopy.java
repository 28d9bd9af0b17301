package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupResult;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CopyBackups;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.RetentionPolicy;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ContingencyPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp backups copy}. */
@Command(
    name = "copy",
    description = {
      "Copy good backups to the storages that their schedule names and that lack them, to all"
          + " storages at the same time. The next backup of a schedule does the same.",
      "Exit code 3 if a storage does not get all that it lacks, 1 if none does."
    })
final class BackupsCopy extends DrpCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "ENVIRONMENT",
      description = "The environment; all unless given.")
  private @Nullable String environment;

  @Option(names = "--backup", paramLabel = "ID", description = "Only this backup.")
  private @Nullable String backup;

  @Option(
      names = "--to",
      paramLabel = "STORAGE",
      description = "Only to this storage; with --backup, also to one that no schedule names.")
  private @Nullable String to;

  /** What came of one environment. */
  private record Copied(String environment, List<BackupResult.Copy> copies) {}

  @Override
  ExitStatus run(Session session) {
    CopyBackups copying =
        new CopyBackups(
            session.plan().application(),
            session.localCatalog(),
            session.state(),
            session.clock(),
            session.progress());
    List<Copied> results = new ArrayList<>();
    wanted(session)
        .forEach((name, wanted) -> results.add(new Copied(name, copying.copy(name, wanted))));
    session.print(
        () -> Json.object().put("copies", results.stream().flatMap(BackupsCopy::json).toList()),
        out -> print(results, out));
    return exitStatus(results.stream().flatMap(it -> it.copies().stream()).toList());
  }

  private Map<String, Map<NamedStorage, List<CatalogEntry>>> wanted(Session session) {
    ContingencyPlan plan = session.plan();
    if (to != null) {
      session.storages().require(List.of(to), "--to");
    }
    if (backup != null) {
      CatalogEntry entry = BackupsCommand.find(session, backup);
      Map<NamedStorage, List<CatalogEntry>> storages = new LinkedHashMap<>();
      session
          .storages()
          .open(to != null ? List.of(to) : storagesOf(plan, entry))
          .forEach(storage -> storages.put(storage, List.of(entry)));
      return Map.of(entry.manifest().environment(), storages);
    }
    Map<String, Map<NamedStorage, List<CatalogEntry>>> wanted = new LinkedHashMap<>();
    for (String name : BackupsCommand.environments(plan, environment)) {
      wanted.put(name, lacking(session, name));
    }
    return wanted;
  }

  private static List<String> storagesOf(ContingencyPlan plan, CatalogEntry entry) {
    return plan.backupsOf(entry.manifest().environment()).stream()
        .filter(it -> entry.manifest().schedule().equals(Optional.of(it.name())))
        .findFirst()
        .map(BackupSchedule::to)
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.USAGE,
                    "no schedule of the plan says where backup %s goes".formatted(entry.id()),
                    "name the storage: --to STORAGE."));
  }

  /** For each storage the good backups, newest first, that its schedules want there and keep. */
  private Map<NamedStorage, List<CatalogEntry>> lacking(Session session, String name) {
    Map<NamedStorage, List<CatalogEntry>> lacking = new LinkedHashMap<>();
    List<CatalogEntry> backups = session.catalog().list(name).backups();
    RetentionPolicy retention = RetentionPolicy.of(session.plan(), name);
    for (BackupSchedule schedule : session.plan().backupsOf(name)) {
      List<String> names =
          schedule.to().stream().filter(it -> to == null || it.equals(to)).toList();
      for (NamedStorage storage : session.storages().open(names)) {
        List<CatalogEntry> missing =
            backups.stream()
                .filter(it -> it.manifest().schedule().equals(Optional.of(schedule.name())))
                .filter(it -> it.isGood() && !isIn(it, storage))
                .toList();
        missing = retention.worthCopying(backups, missing, storage, session.now());
        if (!missing.isEmpty()) {
          lacking.computeIfAbsent(storage, it -> new ArrayList<>()).addAll(missing);
        }
      }
    }
    return lacking;
  }

  private static boolean isIn(CatalogEntry backup, NamedStorage storage) {
    return backup.copies().stream().anyMatch(copy -> copy.storage().name().equals(storage.name()));
  }

  private static ExitStatus exitStatus(List<BackupResult.Copy> copies) {
    long failed = copies.stream().filter(it -> it.failure().isPresent()).count();
    return failed == 0
        ? ExitStatus.OK
        : copies.stream().allMatch(it -> it.failure().isPresent() && it.copied().isEmpty())
            ? ExitStatus.FAILED
            : ExitStatus.PARTIAL;
  }

  private static Stream<Json> json(Copied result) {
    return result.copies().stream()
        .map(
            copy ->
                Json.object()
                    .put("environment", result.environment())
                    .put("storage", copy.storage().name())
                    .put("copied", copy.copied().stream().map(BackupId::value).toList())
                    .put("code", copy.failure().map(RecoveryException::code))
                    .put("problem", copy.failure().map(RecoveryException::problem)));
  }

  private static void print(List<Copied> results, Console out) {
    List<BackupResult.Copy> copies = results.stream().flatMap(it -> it.copies().stream()).toList();
    if (copies.isEmpty()) {
      out.line("no storage lacks a backup");
    }
    for (BackupResult.Copy copy : copies) {
      copy.copied().forEach(id -> out.line("%s copied to %s".formatted(id, copy.storage())));
      copy.failure()
          .ifPresent(
              failure -> {
                out.line(out.bad("not all copied to") + " " + copy.storage());
                "%s\nHINT: %s"
                    .formatted(failure.problem(), failure.hint())
                    .lines()
                    .forEach(it -> out.line("  " + it));
              });
    }
  }
}
