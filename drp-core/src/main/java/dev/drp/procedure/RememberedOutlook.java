package dev.drp.procedure;

import dev.drp.RecoveryException;
import dev.drp.backup.BackupSummary;
import dev.drp.backup.LocalCatalog;
import dev.drp.database.Lsn;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import dev.drp.recovery.Executions;
import dev.drp.recovery.Forecast;
import dev.drp.recovery.Mode;
import dev.drp.state.StateDirectory;
import dev.drp.wal.WalStatus;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a restore of a whole server would do, as far as this machine remembers: no storage and no
 * server is asked. The restore itself asks, and may find that something else is to be done.
 */
record RememberedOutlook(
    LocalCatalog known,
    StateDirectory state,
    String application,
    Environment environment,
    RestoreRequest request)
    implements Supplier<Map<String, String>> {
  /** How long restores of the environment's server took before. */
  static Optional<Forecast> past(
      StateDirectory state, String application, Environment environment) {
    return new Executions(state)
        .untilReady(
            RestoreServer.NAME,
            application,
            environment.name(),
            execution -> execution.mode() == Mode.RECOVERY);
  }

  /** Never fails: what cannot be told must keep nobody from a restore. */
  @Override
  public Map<String, String> get() {
    try {
      return known
          .remembered(environment.name())
          .flatMap(this::base)
          .map(this::outlook)
          .map(Outlook::lines)
          .orElseGet(() -> unknown("this machine remembers none that fits; the storages may have"));
    } catch (RecoveryException e) {
      return unknown(e.problem());
    }
  }

  private static Map<String, String> unknown(String why) {
    return Map.of("backup", why);
  }

  private Optional<BackupSummary> base(LocalCatalog.View view) {
    return view.backups().stream()
        .filter(it -> it.kind() == BackupKind.PHYSICAL && it.isGood())
        .filter(it -> request.backup().filter(id -> !id.equals(it.id())).isEmpty())
        .filter(it -> request.at().filter(it.startedAt().plus(it.took())::isAfter).isEmpty())
        .filter(it -> request.lsn().filter(at -> at.isBefore(end(it))).isEmpty())
        .findFirst();
  }

  private static Lsn end(BackupSummary base) {
    return base.logEnd().orElseThrow().at();
  }

  private Outlook outlook(BackupSummary base) {
    Optional<WalStatus.Copy> log = request.backup().isPresent() ? Optional.empty() : log(base);
    Lsn end = end(base);
    long bytes =
        request.lsn().or(() -> log.map(WalStatus.Copy::to)).map(to -> to.minus(end)).orElse(0L);
    return new Outlook(
        "%s, %d bytes, of %s"
            .formatted(base.id(), base.plainBytes(), Text.both(base.recoveryPoint())),
        target(base, log),
        bytes == 0
            ? "none that is known here, but the backup's own"
            : "%s%d bytes from %s on"
                .formatted(request.at().map(any -> "at most ").orElse(""), bytes, end),
        Outlook.forecast(past(state, application, environment), base.plainBytes(), bytes));
  }

  private String target(BackupSummary base, Optional<WalStatus.Copy> log) {
    if (request.target().isPresent()) {
      return Outlook.target(request.target().get());
    }
    Optional<Instant> newest = log.flatMap(WalStatus.Copy::completeUntil);
    return log.isEmpty()
        ? Outlook.asItIs(base.recoveryPoint())
        : Outlook.target(Replay.ALL)
            + newest.map(at -> ", complete until " + Text.both(at)).orElse("");
  }

  /** Where the log was streamed furthest that goes on from a backup without a hole. */
  private Optional<WalStatus.Copy> log(BackupSummary base) {
    BackupSummary.LogEnd end = base.logEnd().orElseThrow();
    return WalStatus.read(state.environment(application, environment.name()))
        .filter(status -> status.systemIdentifier().equals(end.systemIdentifier()))
        .flatMap(
            status ->
                status.copies().stream()
                    .filter(
                        copy ->
                            copy.stretch()
                                .filter(it -> it.continues(end.timeline(), end.at()))
                                .isPresent())
                    .filter(copy -> end.at().isBefore(copy.to()))
                    .max(Comparator.comparing(WalStatus.Copy::to)));
  }
}
