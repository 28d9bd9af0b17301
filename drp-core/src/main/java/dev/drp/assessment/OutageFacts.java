package dev.drp.assessment;

import dev.drp.plan.BackupKind;
import java.util.List;
import java.util.Optional;

/**
 * What a recommendation goes by.
 *
 * @param engineAnswers whether the container engine does; true where nothing needs one
 * @param nothingThere neither containers nor volumes, though there should be
 * @param services those of the Compose project
 * @param databaseService the service that runs the database, where one does
 * @param lostVolumes volumes of the database that are gone
 * @param otherLostVolumes further volumes that are gone
 * @param local addresses of this machine
 * @param beyond addresses and names that others use
 * @param newest what has the newest data; empty where nothing has any
 * @param unanswered what did not answer, and had to for a recommendation
 */
record OutageFacts(
    boolean engineAnswers,
    boolean nothingThere,
    List<ServiceState> services,
    Optional<String> databaseService,
    List<String> lostVolumes,
    List<String> otherLostVolumes,
    Data data,
    Reach local,
    Reach beyond,
    Optional<RecoveryPoint> newest,
    List<String> unanswered) {
  /** How the database's data is. */
  enum Data {
    /** The plan gives the environment none. */
    NONE,
    WELL,
    /** It is not what the plan expects. */
    WRONG,
    /** The server has none of it. */
    GONE,
    /** The server does not run, or refuses. */
    UNREACHABLE,
    UNKNOWN
  }

  /** Whether addresses answer. */
  enum Reach {
    /** There are none in the plan. */
    NONE,
    WELL,
    BAD
  }

  List<String> down() {
    return services.stream().filter(it -> !it.up()).map(ServiceState::service).toList();
  }

  boolean mostAreDown() {
    return down().size() * 2 > services.size();
  }

  boolean databaseIsDown() {
    return databaseService.filter(down()::contains).isPresent();
  }

  /** The kind of backup that leads furthest. */
  BackupKind bestKind() {
    return newest.map(RecoveryPoint::kind).orElse(BackupKind.LOGICAL);
  }
}
