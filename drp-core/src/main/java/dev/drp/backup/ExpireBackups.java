package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.RecoveryException;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Removes backups that the retention policy no longer keeps. What is damaged or foreign in a
 * storage stays. Safe for concurrent use.
 */
public final class ExpireBackups {
  private final BackupCatalog catalog;
  private final StateDirectory state;
  private final Clock clock;

  public ExpireBackups(BackupCatalog catalog, StateDirectory state, Clock clock) {
    this.catalog = requireNonNull(catalog, "catalog");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
  }

  /** What {@link #apply} would do now. Changes nothing. */
  public ExpiryPlan plan(String environment, RetentionPolicy policy) {
    CatalogListing listing = catalog.list(environment);
    List<String> unfinished =
        listing.problems().stream()
            .filter(
                problem ->
                    problem.kind() == CatalogProblem.Kind.EXPIRING
                        || problem.kind() == CatalogProblem.Kind.INCOMPLETE)
            .map(problem -> "%s in storage %s".formatted(problem.where(), problem.storage()))
            .toList();
    return new ExpiryPlan(
        policy.decide(listing.backups(), clock.instant()),
        unfinished,
        listing.problems(),
        Map.of());
  }

  /**
   * Removes what is to go by now, in all storages that answer. A backup that cannot be removed does
   * not keep others from it.
   *
   * @throws RecoveryException with LOCKED or STALE_WRITER, and then nothing is removed
   */
  public ExpiryPlan apply(String environment, RetentionPolicy policy) {
    EnvironmentState memory = state.environment(catalog.application(), environment);
    try (StateLock held = memory.lockBackups("an expiry")) {
      ExpiryPlan plan = plan(environment, policy);
      WriterClaims claims =
          new WriterClaims(catalog.application(), environment, state.writer(), memory, clock);
      ObjectName folder = SetLayout.environment(catalog.application(), environment);
      List<NamedStorage> used =
          catalog.storages().stream()
              .filter(storage -> answers(storage, plan))
              .filter(storage -> !SetFolder.systems(storage, folder).isEmpty())
              .toList();
      used.forEach(claims::claim);
      used.forEach(storage -> UnfinishedSets.cleanUp(storage, catalog.application(), environment));
      Map<RetentionDecision, RecoveryException> failures = new LinkedHashMap<>();
      for (RetentionDecision decision : plan.removed()) {
        BackupCopy copy = decision.copy();
        try {
          SetFolder.of(copy.storage(), copy.folder()).expire();
        } catch (RecoveryException e) {
          failures.put(decision, e);
        }
      }
      List<CatalogProblem> problems = new ArrayList<>(plan.problems());
      used.forEach(storage -> problems.addAll(removePacks(storage, folder)));
      new LocalCatalog(catalog, state, clock).refresh(environment);
      return new ExpiryPlan(plan.decisions(), plan.unfinished(), problems, failures);
    }
  }

  private static boolean answers(NamedStorage storage, ExpiryPlan plan) {
    return plan.problems().stream()
        .noneMatch(
            problem ->
                problem.kind() == CatalogProblem.Kind.UNREACHABLE
                    && problem.storage().equals(storage.name()));
  }

  /** Removes what physical backups shared and none needs any longer. */
  private static List<CatalogProblem> removePacks(NamedStorage storage, ObjectName environment) {
    List<CatalogProblem> problems = new ArrayList<>();
    for (ObjectName system : SetFolder.systems(storage, environment)) {
      try {
        for (String kept : new SharedPacks(storage, system).removeUnneeded()) {
          problems.add(
              new CatalogProblem(
                  storage.name(), system.value(), CatalogProblem.Kind.DAMAGED, kept));
        }
      } catch (RecoveryException e) {
        problems.add(BackupCatalog.unreachable(storage, e));
      }
    }
    return problems;
  }
}
