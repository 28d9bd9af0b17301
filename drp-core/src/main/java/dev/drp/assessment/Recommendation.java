package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.assessment.OutageFacts.Data;
import dev.drp.assessment.OutageFacts.Reach;
import dev.drp.plan.BackupKind;
import java.util.List;
import java.util.Optional;

/**
 * Which recovery plan fits, and why.
 *
 * @param plan its name; empty where none is needed, or none can be told
 * @param kind of the backup that it should restore data from, where it restores any
 * @param reason why
 * @param about what the reason names: services, volumes, whatever it is about
 */
public record Recommendation(
    Optional<String> plan, Optional<BackupKind> kind, Reason reason, List<String> about) {
  private static final String REBUILD = "rebuild";
  private static final String VOLUMES = "volumes";

  /** Why a plan fits, or none does. */
  public enum Reason {
    ALL_WELL,
    ENGINE_SILENT,
    NOTHING_THERE,
    VOLUMES_GONE,
    DATA_GONE,
    DATA_WRONG,
    BEYOND_THIS_MACHINE,
    MOST_ARE_DOWN,
    DATABASE_DOWN,
    SERVICES_DOWN,
    OTHER_VOLUMES_GONE,
    NO_GOOD_ANSWER,
    DATABASE_REFUSES,
    UNANSWERED
  }

  public Recommendation {
    requireNonNull(plan, "plan");
    requireNonNull(kind, "kind");
    requireNonNull(reason, "reason");
    about = List.copyOf(about);
  }

  /** The rules, the first that fits counts: what is lost goes before what merely stands still. */
  static Recommendation of(OutageFacts it) {
    if (!it.engineAnswers()) {
      return none(Reason.ENGINE_SILENT, List.of());
    }
    if (it.nothingThere()) {
      return restore(REBUILD, it, Reason.NOTHING_THERE, List.of());
    }
    if (!it.lostVolumes().isEmpty()) {
      return restore("database", it, Reason.VOLUMES_GONE, it.lostVolumes());
    }
    if (it.data() == Data.GONE) {
      return restore("database", it, Reason.DATA_GONE, List.of());
    }
    if (it.data() == Data.WRONG) {
      return restore("database", it, Reason.DATA_WRONG, List.of());
    }
    if (it.local() == Reach.WELL && it.beyond() == Reach.BAD) {
      return plan("network", Reason.BEYOND_THIS_MACHINE, List.of());
    }
    if (!it.otherLostVolumes().isEmpty() && !it.down().isEmpty()) {
      return plan(VOLUMES, Reason.OTHER_VOLUMES_GONE, it.otherLostVolumes());
    }
    if (it.mostAreDown()) {
      return plan("restart", Reason.MOST_ARE_DOWN, it.down());
    }
    if (it.databaseIsDown()) {
      return plan("restart", Reason.DATABASE_DOWN, it.down());
    }
    if (!it.down().isEmpty()) {
      return plan("application", Reason.SERVICES_DOWN, it.down());
    }
    if (it.local() == Reach.BAD) {
      return plan("application", Reason.NO_GOOD_ANSWER, List.of());
    }
    if (it.beyond() == Reach.BAD) {
      return plan("network", Reason.BEYOND_THIS_MACHINE, List.of());
    }
    if (it.data() == Data.UNREACHABLE) {
      return plan("restart", Reason.DATABASE_REFUSES, List.of());
    }
    if (!it.otherLostVolumes().isEmpty()) {
      return plan(VOLUMES, Reason.OTHER_VOLUMES_GONE, it.otherLostVolumes());
    }
    if (!it.unanswered().isEmpty()) {
      return none(Reason.UNANSWERED, it.unanswered());
    }
    return none(Reason.ALL_WELL, List.of());
  }

  private static Recommendation none(Reason reason, List<String> about) {
    return new Recommendation(Optional.empty(), Optional.empty(), reason, about);
  }

  private static Recommendation plan(String plan, Reason reason, List<String> about) {
    return new Recommendation(Optional.of(plan), Optional.empty(), reason, about);
  }

  private static Recommendation restore(
      String plan, OutageFacts facts, Reason reason, List<String> about) {
    return new Recommendation(Optional.of(plan), Optional.of(facts.bestKind()), reason, about);
  }
}
