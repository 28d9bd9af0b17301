package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.plan.DataRate;
import dev.drp.plan.SyncedFolder;
import dev.drp.state.StateLock;
import dev.drp.sync.DeletionLimit;
import dev.drp.sync.FileSync;
import dev.drp.sync.SyncChange;
import dev.drp.sync.SyncProblem;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp sync}. */
@Command(
    name = "sync",
    description = {
      "Make the environment's synced folders identical on the other machine, deletions included.",
      "Exit code 3 if something is not as it should be there, 6 if a source is empty or lacks so"
          + " much that it needs a confirmation. See it beforehand with --dry-run."
    })
final class SyncCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment = "";

  @Option(names = "--folder", paramLabel = "NAME", description = "Only this synced folder.")
  private @Nullable String folder;

  @Option(names = "--dry-run", description = "Only say what would be done.")
  private boolean dryRun;

  @Option(
      names = "--confirm",
      paramLabel = "NAME",
      description = "With --folder: its name again, and as much as that takes is deleted.")
  private @Nullable String confirm;

  /** What came of one folder: a report or a failure. */
  private record Result(
      SyncedFolder folder,
      Optional<SyncReport> report,
      Optional<RecoveryException> failure,
      Duration took) {
    ExitStatus exitStatus() {
      return failure
          .map(it -> it.code().exitStatus())
          .orElse(
              report.map(SyncReport::isComplete).orElse(true) ? ExitStatus.OK : ExitStatus.PARTIAL);
    }
  }

  @Override
  ExitStatus run(Session session) {
    List<Result> results = wanted(session).stream().map(it -> result(session, it)).toList();
    session.print(
        () ->
            Json.object()
                .put("dryRun", dryRun)
                .put("folders", results.stream().map(SyncCommand::json).toList()),
        out -> results.forEach(it -> print(it, out)));
    return ExitStatus.worst(results.stream().map(Result::exitStatus).toList());
  }

  private List<SyncedFolder> wanted(Session session) {
    session.plan().environment(environment);
    List<SyncedFolder> all = session.plan().syncedFoldersOf(environment);
    List<SyncedFolder> wanted =
        all.stream().filter(it -> folder == null || it.name().equals(folder)).toList();
    if (wanted.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          folder == null
              ? "the plan has no synced folder of %s".formatted(environment)
              : "the plan has no synced folder %s of %s"
                  .formatted(Format.quote(folder), environment),
          all.isEmpty()
              ? "add one under synced-folders."
              : "there are: %s."
                  .formatted(
                      all.stream().map(SyncedFolder::name).collect(Collectors.joining(", "))));
    }
    if (confirm != null && !confirm.equals(folder)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "--confirm names %s, and --folder %s"
              .formatted(Format.quote(confirm), folder == null ? "nothing" : Format.quote(folder)),
          "give both the name of the folder whose target may lose as much as that takes.");
    }
    return wanted;
  }

  /** One that fails keeps no other from being done; interrupted, nothing more is. */
  private Result result(Session session, SyncedFolder it) {
    long startedAt = System.nanoTime();
    try {
      SyncReport report = report(session, it);
      return new Result(it, Optional.of(report), Optional.empty(), since(startedAt));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
      return new Result(it, Optional.empty(), Optional.of(e), since(startedAt));
    }
  }

  private static Duration since(long startedAt) {
    return Duration.ofNanos(System.nanoTime() - startedAt);
  }

  private SyncReport report(Session session, SyncedFolder it) {
    FileSync fileSync = session.adapters().fileSync(it);
    if (dryRun) {
      return fileSync.preview(request(it));
    }
    try (StateLock lock =
        session
            .state()
            .environment(session.plan().application(), environment)
            .lockSyncedFolder(it.name())) {
      return fileSync.sync(request(it), session.progress());
    }
  }

  private SyncRequest request(SyncedFolder it) {
    return new SyncRequest(
        it.folder(),
        it.path(),
        switch (it.direction()) {
          case PUSH -> SyncRequest.Direction.PUSH;
          case PULL -> SyncRequest.Direction.PULL;
        },
        new DeletionLimit(it.deleteAtMost().fraction(), confirm != null),
        it.bandwidth()
            .map(DataRate::bytesPerSecond)
            .map(OptionalLong::of)
            .orElseGet(OptionalLong::empty));
  }

  private static Json json(Result result) {
    Optional<SyncReport> report = result.report();
    return Json.object()
        .put("folder", result.folder().name())
        .put("direction", result.folder().direction())
        .put("place", report.map(SyncReport::place))
        .put("complete", report.map(SyncReport::isComplete).orElse(false))
        .put("needsConfirmation", report.map(SyncReport::needsConfirmation))
        .put("seconds", result.took())
        .put("sourceEntries", report.map(SyncReport::sourceEntries))
        .put("sourceBytes", report.map(SyncReport::sourceBytes))
        .put("changedBytes", report.map(SyncReport::changedBytes))
        .put("carriers", report.map(SyncReport::carriers).orElse(List.of()))
        .put(
            "changes",
            report.map(SyncReport::changes).orElse(List.of()).stream()
                .map(
                    it ->
                        Json.object()
                            .put("kind", it.kind())
                            .put("name", it.name())
                            .put("bytes", it.bytes()))
                .toList())
        .put(
            "notAsItShouldBe",
            report.map(SyncReport::problems).orElse(List.of()).stream()
                .map(it -> Json.object().put("kind", it.kind()).put("name", it.name()))
                .toList())
        .put("code", result.failure().map(RecoveryException::code))
        .put("problem", result.failure().map(RecoveryException::problem));
  }

  private void print(Result result, Console out) {
    SyncedFolder folder = result.folder();
    result.report().ifPresent(it -> print(result, it, out));
    result
        .failure()
        .ifPresent(
            failure -> {
              out.line(folder.name() + ": " + out.bad("not synchronised"));
              (failure.problem() + "\nHINT: " + failure.hint())
                  .lines()
                  .forEach(it -> out.line("  " + it));
              if (failure.code() == ErrorCode.REFUSED) {
                out.line("  " + confirmation(folder));
              }
            });
  }

  private static String confirmation(SyncedFolder folder) {
    return "Deletions are confirmed by --folder %1$s --confirm %1$s".formatted(folder.name());
  }

  private void print(Result result, SyncReport report, Console out) {
    SyncedFolder folder = result.folder();
    boolean push = folder.direction() == SyncedFolder.Direction.PUSH;
    out.line(
        "%s: %s %s %s"
            .formatted(folder.name(), folder.folder(), push ? "to" : "from", report.place()));
    out.line(
        "  %s%s new, %s changed, %s deleted: %s of %s%s"
            .formatted(
                dryRun ? "would be: " : "",
                Format.count(report.count(SyncChange.Kind.NEW)),
                Format.count(report.count(SyncChange.Kind.CHANGED)),
                Format.count(report.count(SyncChange.Kind.DELETED)),
                Format.bytes(report.changedBytes()),
                Format.bytes(report.sourceBytes()),
                dryRun ? "" : " in " + Format.duration(result.took())));
    if (dryRun) {
      for (SyncChange change : report.changes()) {
        out.line("  %s %s".formatted(sign(change.kind()), Format.printable(change.name())));
      }
    }
    for (SyncProblem problem : report.problems()) {
      out.line("  %s: %s".formatted(Format.word(problem.kind()), Format.printable(problem.name())));
    }
    if (report.needsConfirmation()) {
      out.line("  " + out.warning("would be refused") + ", as it deletes suspiciously much.");
      out.line("  " + confirmation(folder));
    }
  }

  private static String sign(SyncChange.Kind kind) {
    return switch (kind) {
      case NEW -> "+";
      case CHANGED -> "~";
      case DELETED -> "-";
    };
  }
}
