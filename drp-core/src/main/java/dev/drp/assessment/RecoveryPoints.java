package dev.drp.assessment;

import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupSummary;
import dev.drp.backup.BackupSummary.Copy;
import dev.drp.backup.LocalCatalog;
import dev.drp.backup.NamedStorage;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.wal.WalStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What an environment's data can be had back from, as far as this machine knows. A look at local
 * storages is waited for as for any other answer; else what was remembered counts.
 */
final class RecoveryPoints {
  private final ContingencyPlan plan;
  private final Environment environment;
  private final StateDirectory state;
  private final Asked<LocalCatalog.View> looked;
  private final Asked<Optional<LocalCatalog.View>> remembered;

  RecoveryPoints(
      ContingencyPlan plan,
      Environment environment,
      List<NamedStorage> storages,
      StateDirectory state,
      Clock clock,
      Questions questions) {
    this.plan = plan;
    this.environment = environment;
    this.state = state;
    LocalCatalog catalog =
        new LocalCatalog(new BackupCatalog(plan.application(), storages), state, clock);
    remembered = questions.ask("catalog", () -> catalog.remembered(environment.name()));
    looked = questions.ask("storages", () -> catalog.read(environment.name()));
  }

  private List<BackupSummary> backups() {
    return looked
        .value()
        .or(() -> remembered.value().flatMap(it -> it))
        .map(LocalCatalog.View::backups)
        .orElse(List.of());
  }

  /** When all storages were last asked; empty if never. */
  Optional<Instant> asOf() {
    return looked
        .value()
        .or(() -> remembered.value().flatMap(it -> it))
        .flatMap(LocalCatalog.View::asOf);
  }

  /**
   * Newest data first: of each storage the newest good backup of each kind that holds a database,
   * and the end of its log.
   *
   * @param impact when the outage began: what is of later may hold its damage
   */
  List<RecoveryPoint> before(Instant impact) {
    List<RecoveryPoint> points = new ArrayList<>();
    List<BackupSummary> good =
        backups().stream()
            .filter(it -> it.isGood() && it.holdsDatabase())
            .filter(it -> !it.recoveryPoint().isAfter(impact))
            .toList();
    for (String storage : plan.storages().keySet()) {
      for (BackupKind kind : List.of(BackupKind.PHYSICAL, BackupKind.LOGICAL)) {
        good.stream()
            .filter(it -> it.kind() == kind)
            .flatMap(
                it ->
                    it.copies().stream()
                        .filter(copy -> isGood(copy, storage))
                        .map(copy -> point(it, copy, impact)))
            .findFirst()
            .ifPresent(points::add);
      }
    }
    points.addAll(logs(good, impact));
    points.sort(Comparator.comparing(RecoveryPoint::at).reversed());
    return points;
  }

  private static boolean isGood(Copy copy, String storage) {
    return copy.storage().equals(storage) && copy.state().isGood();
  }

  private static RecoveryPoint point(BackupSummary backup, Copy copy, Instant impact) {
    return new RecoveryPoint(
        backup.id().value(),
        backup.kind(),
        false,
        copy.storage(),
        copy.offSite(),
        backup.recoveryPoint(),
        Duration.between(backup.recoveryPoint(), impact),
        copy.recoveryTook());
  }

  /** The log leads to any instant until its end. Nobody has to stream it any more. */
  private List<RecoveryPoint> logs(List<BackupSummary> good, Instant impact) {
    if (environment.database().flatMap(DatabaseSettings::wal).isEmpty()) {
      return List.of();
    }
    EnvironmentState memory = state.environment(plan.application(), environment.name());
    Optional<WalStatus> status = WalStatus.read(memory);
    List<RecoveryPoint> points = new ArrayList<>();
    for (WalStatus.Copy copy : status.map(WalStatus::copies).orElse(List.of())) {
      Optional<BackupSummary> base =
          good.stream().filter(it -> continues(status.orElseThrow(), copy, it)).findFirst();
      if (copy.completeUntil().isPresent() && base.isPresent()) {
        Instant until = copy.completeUntil().get();
        Instant at = until.isAfter(impact) ? impact : until;
        points.add(
            new RecoveryPoint(
                base.get().id().value(),
                BackupKind.PHYSICAL,
                true,
                copy.storage(),
                isOffSite(copy.storage()),
                at,
                Duration.between(at, impact),
                Optional.empty()));
      }
    }
    return points;
  }

  private boolean isOffSite(String storage) {
    return Optional.ofNullable(plan.storages().get(storage)).filter(it -> it.offSite()).isPresent();
  }

  private static boolean continues(WalStatus status, WalStatus.Copy copy, BackupSummary base) {
    return base.kind() == BackupKind.PHYSICAL
        && base.logEnd()
            .filter(it -> it.systemIdentifier().equals(status.systemIdentifier()))
            .flatMap(end -> copy.stretch().filter(it -> it.continues(end.timeline(), end.at())))
            .isPresent();
  }
}
