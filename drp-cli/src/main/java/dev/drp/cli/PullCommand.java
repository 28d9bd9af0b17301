package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupResult;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.ExpireBackups;
import dev.drp.backup.LastPull;
import dev.drp.backup.NamedStorage;
import dev.drp.backup.PullBackups;
import dev.drp.backup.RetentionPolicy;
import dev.drp.database.Lsn;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.WalSettings;
import dev.drp.state.EnvironmentState;
import dev.drp.wal.ExpireLog;
import dev.drp.wal.PullLog;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp pull}. */
@Command(
    name = "pull",
    description = {
      "Fetch good backups and the log from a storage that another machine writes to one of this"
          + " machine, which needs no more than the right to read there. Nothing that was fetched"
          + " is replaced or removed because of what is, or is no longer, there.",
      "Exit code 3 if something could not be fetched. Run again, it goes on where it was."
    })
final class PullCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment;

  @Option(
      names = "--from",
      required = true,
      paramLabel = "STORAGE",
      description = "The storage to read.")
  private String from;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "STORAGE",
      description = "The storage that only this machine writes.")
  private String to;

  @Option(
      names = "--expire",
      description =
          "Afterwards, remove what the plan's retention no longer keeps in the storage of --to.")
  private boolean expire;

  @Override
  ExitStatus run(Session session) {
    if (from.equals(to)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "a storage does not fetch from itself",
          "name the storage to read with --from, the one to write with --to.");
    }
    ContingencyPlan plan = session.plan();
    plan.environment(environment);
    try {
      return pull(session, plan);
    } catch (RecoveryException e) {
      rememberFailure(session, e);
      throw e;
    }
  }

  private ExitStatus pull(Session session, ContingencyPlan plan) {
    List<NamedStorage> storages = session.storages().open(List.of(from, to));
    RetentionPolicy policy = RetentionPolicy.of(plan, environment);
    BackupResult.Copy sets =
        new PullBackups(
                plan.application(),
                storages.get(0),
                storages.get(1),
                session.state(),
                session.clock(),
                session.progress())
            .pull(environment, policy);
    PullLog.Pulled log =
        new PullLog(
                plan.application(),
                storages.get(0),
                storages.get(1),
                session.decoding(),
                session.progress())
            .pull(environment);
    if (expire && sets.failure().isEmpty()) { // else what has arrived would go with the rest
      expire(session, plan, policy);
    }
    LastPull pulled = remember(session, sets, log);
    session.localCatalog().refresh(environment);
    session.print(() -> json(sets, log, pulled), out -> print(session, sets, log, pulled, out));
    return failures(sets, log).isEmpty() ? ExitStatus.OK : ExitStatus.PARTIAL;
  }

  private void expire(Session session, ContingencyPlan plan, RetentionPolicy policy) {
    BackupCatalog ours = session.catalog().only(to);
    new ExpireBackups(ours, session.state(), session.clock()).apply(environment, policy);
    plan.environment(environment)
        .database()
        .flatMap(DatabaseSettings::wal)
        .map(WalSettings::keep)
        .ifPresent(span -> new ExpireLog(ours, session.clock()).apply(environment, span));
  }

  /** How old the newest data is that this machine has, for `drp status`. */
  private LastPull remember(Session session, BackupResult.Copy sets, PullLog.Pulled log) {
    CatalogListing listing = session.catalog().only(to).list(environment);
    Optional<CatalogEntry> newest = listing.withDatabase().newestGood();
    Optional<Instant> byLog =
        log.newestCommit()
            .filter(at -> newest.filter(it -> it.recoveryPoint().isAfter(at)).isEmpty());
    LastPull pulled =
        new LastPull(
            from,
            to,
            session.now(),
            byLog.or(() -> newest.map(CatalogEntry::recoveryPoint)),
            byLog
                .map(at -> "log to " + log.reach().map(Lsn::toString).orElse(""))
                .or(() -> newest.map(it -> "backup " + it.id()))
                .orElse(""),
            failures(sets, log).stream().findFirst().map(RecoveryException::problem).orElse(""));
    pulled.write(memory(session));
    return pulled;
  }

  /** What this machine had before, it still has. */
  private void rememberFailure(Session session, RecoveryException failure) {
    Optional<LastPull> earlier =
        LastPull.read(memory(session)).stream()
            .filter(it -> it.from().equals(from) && it.to().equals(to))
            .findFirst();
    new LastPull(
            from,
            to,
            session.now(),
            earlier.flatMap(LastPull::recoveryPoint),
            earlier.map(LastPull::by).orElse(""),
            failure.problem())
        .write(memory(session));
  }

  private EnvironmentState memory(Session session) {
    return session.state().environment(session.plan().application(), environment);
  }

  private static List<RecoveryException> failures(BackupResult.Copy sets, PullLog.Pulled log) {
    return Stream.of(sets.failure(), log.failure()).flatMap(Optional::stream).toList();
  }

  private static Json json(BackupResult.Copy sets, PullLog.Pulled log, LastPull pulled) {
    return Json.object()
        .put("from", pulled.from())
        .put("to", pulled.to())
        .put("copied", sets.copied().stream().map(BackupId::value).toList())
        .put("logObjects", log.objects())
        .put("logBytes", log.bytes())
        .put("logTo", log.reach().map(Lsn::toString))
        .put("recoveryPoint", pulled.recoveryPoint())
        .put(
            "problems",
            failures(sets, log).stream()
                .map(it -> Json.object().put("code", it.code()).put("problem", it.problem()))
                .toList());
  }

  private static void print(
      Session session, BackupResult.Copy sets, PullLog.Pulled log, LastPull pulled, Console out) {
    sets.copied().forEach(id -> out.line("%s fetched to %s".formatted(id, sets.storage())));
    if (sets.copied().isEmpty() && sets.failure().isEmpty()) {
      out.line("no backup is lacking");
    }
    if (log.objects() > 0) {
      out.line(
          "%s of the log fetched, %s"
              .formatted(Format.count(log.objects(), "file", "files"), Format.bytes(log.bytes())));
    }
    out.line(
        pulled
            .recoveryPoint()
            .map(
                at ->
                    "newest data: of %s (%s)"
                        .formatted(Format.relative(at, session.now()), pulled.by()))
            .orElse("there is no good backup here yet"));
    for (RecoveryException failure : failures(sets, log)) {
      out.line(out.bad("not all was fetched"));
      "%s\nHINT: %s"
          .formatted(failure.problem(), failure.hint())
          .lines()
          .forEach(it -> out.line("  " + it));
    }
  }
}
