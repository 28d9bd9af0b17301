package dev.drp.assessment;

import dev.drp.backup.BackupSummary;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Environment;
import dev.drp.plan.WalSettings;
import dev.drp.wal.StreamWal;
import dev.drp.wal.WalGap;
import dev.drp.wal.WalStatus;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Judges what the streamed log of an environment is worth: a storage's log counts when somebody
 * streams it, when it is not behind, and when it goes on without a hole from a good physical
 * backup.
 */
final class LogAssessment {
  private final Environment environment;
  private final WalSettings settings;
  private final EnvironmentFacts facts;
  private final Instant now;

  LogAssessment(Environment environment, EnvironmentFacts facts, Instant now) {
    this.environment = environment;
    this.settings = StreamWal.settings(environment);
    this.facts = facts;
    this.now = now;
  }

  /**
   * What recovery can rely on.
   *
   * @param until all that was committed until then can be had back
   * @param base the newest backup that it continues
   */
  record Reliable(Instant until, BackupSummary base, String storage) {}

  /** The log that leads furthest; empty where none counts. */
  Optional<Reliable> reliable() {
    return reliable(copies(), base -> true);
  }

  /** The same, of what is in storages of these names: the log, and the backup that it continues. */
  Optional<Reliable> reliableOffSite(Set<String> storages) {
    return reliable(
        copies().stream().filter(copy -> storages.contains(copy.storage())).toList(),
        BackupSummary::isOffSite);
  }

  private Optional<Reliable> reliable(
      List<WalStatus.Copy> copies, Predicate<BackupSummary> condition) {
    return facts.streamedBy().isEmpty()
        ? Optional.empty()
        : copies.stream()
            .filter(copy -> !copy.isBehind(settings.maxLag(), now))
            .flatMap(copy -> reliable(copy, condition).stream())
            .max(Comparator.comparing(Reliable::until));
  }

  private Optional<Reliable> reliable(WalStatus.Copy copy, Predicate<BackupSummary> condition) {
    return bases().stream()
        .filter(condition)
        .filter(base -> continues(copy, base))
        .findFirst()
        .map(base -> new Reliable(copy.completeUntil().orElseThrow(), base, copy.storage()));
  }

  /** Good physical backups, newest first. */
  private List<BackupSummary> bases() {
    return facts.catalog().backups().stream()
        .filter(it -> it.kind() == BackupKind.PHYSICAL && it.isGood())
        .toList();
  }

  private List<WalStatus.Copy> copies() {
    return facts.log().map(WalStatus::copies).orElse(List.of());
  }

  private boolean continues(WalStatus.Copy copy, BackupSummary base) {
    return base.logEnd().isPresent()
        && copy.stretch().isPresent()
        && facts
            .log()
            .orElseThrow()
            .systemIdentifier()
            .equals(base.logEnd().get().systemIdentifier())
        && copy.stretch().get().continues(base.logEnd().get().timeline(), base.logEnd().get().at());
  }

  List<Notice> notices() {
    List<Notice> notices = new ArrayList<>();
    if (facts.streamedBy().isEmpty()) {
      notices.add(
          about(
              environment.name(),
              "nobody on this machine streams its log, though the plan wants it: run `drp wal"
                  + " stream %s`".formatted(environment.name())));
    } else {
      settings.to().forEach(storage -> behind(storage).ifPresent(notices::add));
    }
    List<BackupSummary> bases = bases();
    if (bases.isEmpty()) {
      notices.add(
          about(
              environment.name(),
              "its log continues no backup, as there is no good physical one: "
                  + takeBaseBackup()));
    } else {
      copies().forEach(copy -> broken(copy, bases).ifPresent(notices::add));
    }
    return notices;
  }

  private Optional<Notice> behind(String storage) {
    Optional<WalStatus.Copy> copy =
        copies().stream().filter(it -> it.storage().equals(storage)).findFirst();
    if (copy.isPresent()
        && copy.get().problem().isEmpty()
        && !copy.get().isBehind(settings.maxLag(), now)) {
      return Optional.empty();
    }
    String until =
        copy.flatMap(WalStatus.Copy::completeUntil)
            .map(at -> "is complete until %s only".formatted(at))
            .orElse("has not got here");
    String why =
        copy.map(WalStatus.Copy::problem)
            .filter(problem -> !problem.isEmpty())
            .orElse("see `drp wal status %s`".formatted(environment.name()));
    return Optional.of(
        about(storage, "the log of %s %s: %s".formatted(environment.name(), until, why)));
  }

  /** Why a storage's log does not continue the newest base backup, where it does not. */
  private Optional<Notice> broken(WalStatus.Copy copy, List<BackupSummary> bases) {
    if (copy.stretch().isEmpty() || bases.stream().anyMatch(base -> continues(copy, base))) {
      return Optional.empty();
    }
    BackupSummary newest = bases.get(0);
    String why =
        copy.newestGap()
            .filter(gap -> gap.at().isAfter(newest.recoveryPoint()))
            .map(WalGap::toString)
            .orElse("it begins at " + copy.stretch().get().from());
    return Optional.of(
        about(
            copy.storage(),
            "the log of %s does not continue backup %s: %s; %s"
                .formatted(environment.name(), newest.id(), why, takeBaseBackup())));
  }

  private String takeBaseBackup() {
    return "take a base backup now: drp backup %s --kind physical".formatted(environment.name());
  }

  private static Notice about(String subject, String what) {
    return new Notice(Notice.Kind.LOG, subject, what);
  }
}
