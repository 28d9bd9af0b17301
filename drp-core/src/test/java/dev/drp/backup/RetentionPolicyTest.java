package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.Retention;
import dev.drp.plan.Span;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class RetentionPolicyTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final NamedStorage STORAGE =
      new NamedStorage("local", false, true, new InMemoryStorage());

  private static final NamedStorage OFFSITE =
      new NamedStorage("offsite", true, false, new InMemoryStorage());

  private int ids;

  @Test
  void keepsWhatIsNotOlderThanTheRule() {
    List<CatalogEntry> backups = List.of(verified(0), verified(7), verified(8), verified(30));

    assertThat(daysKept(within("7d"), backups)).containsExactly(0L, 7L);
  }

  @Test
  void keepsTheNewestOfEachDay() {
    List<CatalogEntry> backups = new ArrayList<>();
    for (int hours = 1; hours <= 24 * 4; hours += 6) {
      backups.add(backup(NOW.minus(Duration.ofHours(hours)), BackupEvent.Type.VERIFIED));
    }

    List<Instant> kept = kept(rule(3, 0, 0, 0), backups);

    assertThat(kept)
        .containsExactly(
            Instant.parse("2026-11-22T11:00:00Z"),
            Instant.parse("2026-11-21T23:00:00Z"),
            Instant.parse("2026-11-20T23:00:00Z"));
  }

  @Test
  void beginsADayInThePlansTimeZone() {
    List<CatalogEntry> backups =
        List.of(
            backup(Instant.parse("2026-11-21T23:30:00Z"), BackupEvent.Type.VERIFIED),
            backup(Instant.parse("2026-11-22T00:30:00Z"), BackupEvent.Type.VERIFIED));

    assertThat(kept(rule(5, 0, 0, 0), backups)).hasSize(2);
    assertThat(keptIn(ZoneId.of("Europe/Paris"), rule(5, 0, 0, 0), backups)).hasSize(1);
  }

  @Test
  void keepsTheNewestOfWeeksMonthsAndYears() {
    List<CatalogEntry> backups = new ArrayList<>();
    for (int days = 0; days < 900; days++) {
      backups.add(verified(days));
    }

    assertThat(daysKept(rule(0, 3, 0, 0), backups)).containsExactly(0L, 7L, 14L);
    assertThat(kept(rule(0, 0, 3, 0), backups).subList(1, 3))
        .containsExactly(
            Instant.parse("2026-10-31T12:00:00Z"), Instant.parse("2026-09-30T12:00:00Z"));
    assertThat(kept(rule(0, 0, 0, 2), backups).subList(1, 2))
        .containsExactly(Instant.parse("2025-12-31T12:00:00Z"));
  }

  @Test
  void doesNotLetAFailedBackupTakeThePlaceOfAGoodOne() {
    CatalogEntry good = backup(NOW.minus(Duration.ofHours(9)), BackupEvent.Type.VERIFIED);
    CatalogEntry failed = backup(NOW.minus(Duration.ofHours(1)), BackupEvent.Type.FAILED);

    List<RetentionDecision> decisions =
        policy(ZoneOffset.UTC, rule(1, 0, 0, 0)).decide(List.of(good, failed), NOW);

    assertThat(decisions)
        .filteredOn(RetentionDecision::keep)
        .extracting(RetentionDecision::backup)
        .containsExactly(good);
  }

  @Test
  void keepsTheNewestGoodBackupHoweverOldItIs() {
    assertThat(daysKept(within("1d"), List.of(verified(400), verified(401)))).containsExactly(400L);
  }

  @Test
  void keepsTheNewestDrilledBackup() {
    List<CatalogEntry> backups = List.of(verified(0), drilled(40), drilled(50), verified(60));

    assertThat(daysKept(within("7d"), backups)).containsExactly(0L, 40L);
  }

  @Test
  void keepsEverythingWhileNothingIsGood() {
    CatalogEntry failed = backup(NOW.minus(Duration.ofDays(90)), BackupEvent.Type.FAILED);
    CatalogEntry copied = backup(NOW.minus(Duration.ofDays(80)), BackupEvent.Type.COPIED);

    assertThat(kept(within("7d"), List.of(failed, copied))).hasSize(2);
  }

  @Test
  void keepsEmergencyBackupsAndThoseThatNoScheduleSpeaksFor() {
    Instant old = NOW.minus(Duration.ofDays(100));
    CatalogEntry emergency = entry(old, Optional.of("every-6h"), true, BackupEvent.Type.VERIFIED);
    CatalogEntry byHand = entry(old, Optional.empty(), false, BackupEvent.Type.VERIFIED);
    CatalogEntry renamed = entry(old, Optional.of("nightly"), false, BackupEvent.Type.VERIFIED);

    assertThat(
            policy(ZoneOffset.UTC, within("7d"))
                .decide(List.of(verified(0), emergency, byHand, renamed, verified(100)), NOW))
        .filteredOn(decision -> !decision.keep())
        .hasSize(1);
  }

  @RepeatedTest(50)
  void neverLosesWhatMustStayAndRemovesNothingTwice(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    List<CatalogEntry> backups = new ArrayList<>();
    int count = random.nextInt(40);
    for (int i = 0; i < count; i++) {
      BackupEvent.Type[] types = BackupEvent.Type.values();
      backups.add(
          entry(
              NOW.minus(Duration.ofMinutes(random.nextInt(200_000))),
              random.nextInt(10) == 0 ? Optional.empty() : Optional.of("every-6h"),
              random.nextInt(10) == 0,
              types[random.nextInt(types.length)]));
    }
    Retention rules =
        new Retention(
            Optional.of(Span.of(Duration.ofHours(1 + random.nextInt(500)))),
            random.nextInt(5),
            random.nextInt(5),
            random.nextInt(5),
            random.nextInt(3));
    RetentionPolicy policy = policy(ZoneOffset.UTC, rules);

    List<RetentionDecision> decisions = policy.decide(backups, NOW);
    List<CatalogEntry> left =
        decisions.stream()
            .filter(RetentionDecision::keep)
            .map(RetentionDecision::backup)
            .collect(Collectors.toCollection(ArrayList::new));

    assertThat(decisions).hasSize(count).allMatch(decision -> !decision.reason().isEmpty());
    CatalogListing before = new CatalogListing(backups, List.of());
    CatalogListing after = new CatalogListing(left, List.of());
    assertThat(after.newestGood()).isEqualTo(before.newestGood());
    assertThat(after.newestDrilled()).isEqualTo(before.newestDrilled());
    assertThat(left).containsAll(backups.stream().filter(b -> b.manifest().emergency()).toList());
    Collections.shuffle(left, random);
    assertThat(policy.decide(left, NOW)).as("a second expiry").allMatch(RetentionDecision::keep);
  }

  @Test
  void decidesForEachStorageByItself() {
    RetentionPolicy policy =
        new RetentionPolicy(
            List.of(
                new BackupSchedule(
                    "every-6h",
                    "production",
                    BackupKind.LOGICAL,
                    Optional.of(Span.of(Duration.ofHours(6))),
                    Optional.empty(),
                    within("7d"),
                    Map.of("offsite", within("30d")),
                    List.of("local", "offsite"),
                    Optional.empty(),
                    false,
                    false)),
            Optional.empty(),
            ZoneOffset.UTC);
    List<CatalogEntry> backups =
        List.of(inBoth(verified(0)), inBoth(verified(10)), inBoth(verified(40)));

    List<RetentionDecision> decisions = policy.decide(backups, NOW);

    assertThat(keptIn("local", decisions)).containsExactly(backups.get(0));
    assertThat(keptIn("offsite", decisions)).containsExactly(backups.get(0), backups.get(1));
  }

  @Test
  void aCopyThatIsGoodElsewhereDoesNotStandInForTheNewestGoodOneHere() {
    CatalogEntry here = verified(20);
    CatalogEntry damagedHere = backup(NOW.minus(Duration.ofDays(1)), BackupEvent.Type.FAILED);
    CatalogEntry elsewhere =
        new CatalogEntry(
            damagedHere.manifest(),
            List.of(damagedHere.copies().get(0), in(OFFSITE, verified(1).copies().get(0))));

    assertThat(
            keptIn(
                "local",
                policy(ZoneOffset.UTC, within("7d")).decide(List.of(here, elsewhere), NOW)))
        .containsExactly(elsewhere, here);
  }

  @Test
  void copiesOnlyWhatTheStorageWouldKeep() {
    List<CatalogEntry> backups = List.of(verified(0), verified(5), verified(9), verified(20));

    assertThat(
            policy(ZoneOffset.UTC, within("7d"))
                .worthCopying(backups, backups.subList(1, 4), OFFSITE, NOW))
        .containsExactly(backups.get(1));
    assertThat(
            policy(ZoneOffset.UTC, rule(0, 0, 1, 0)).worthCopying(backups, backups, OFFSITE, NOW))
        .containsExactly(backups.get(0));
  }

  @Test
  void keepsThePhysicalBackupsThatRecoveryToAnyInstantOfTheWindowNeeds() {
    RetentionPolicy policy =
        new RetentionPolicy(
            List.of(
                BackupSchedule.every(
                    "every-6h",
                    Span.of(Duration.ofHours(6)),
                    "production",
                    BackupKind.PHYSICAL,
                    within("1d"),
                    "local")),
            Optional.of(Span.parse("7d")),
            ZoneOffset.UTC);
    List<CatalogEntry> backups =
        List.of(
            physical(0, BackupEvent.Type.VERIFIED),
            physical(3, BackupEvent.Type.VERIFIED),
            physical(4, BackupEvent.Type.FAILED),
            physical(8, BackupEvent.Type.FAILED),
            physical(9, BackupEvent.Type.VERIFIED),
            physical(10, BackupEvent.Type.VERIFIED));

    assertThat(keptIn("local", policy.decide(backups, NOW)))
        .containsExactly(backups.get(0), backups.get(1), backups.get(4));
  }

  private static List<CatalogEntry> keptIn(String storage, List<RetentionDecision> decisions) {
    return decisions.stream()
        .filter(it -> it.keep() && it.copy().storage().name().equals(storage))
        .map(RetentionDecision::backup)
        .toList();
  }

  private static CatalogEntry inBoth(CatalogEntry backup) {
    BackupCopy local = backup.copies().get(0);
    return new CatalogEntry(backup.manifest(), List.of(local, in(OFFSITE, local)));
  }

  private static BackupCopy in(NamedStorage storage, BackupCopy copy) {
    return new BackupCopy(storage, copy.folder(), copy.events(), copy.defects());
  }

  private CatalogEntry physical(int daysAgo, BackupEvent.Type event) {
    return entry(
        BackupKind.PHYSICAL,
        NOW.minus(Duration.ofDays(daysAgo)),
        Optional.of("every-6h"),
        false,
        event);
  }

  private List<Long> daysKept(Retention rules, List<CatalogEntry> backups) {
    return kept(rules, backups).stream().map(at -> Duration.between(at, NOW).toDays()).toList();
  }

  private List<Instant> kept(Retention rules, List<CatalogEntry> backups) {
    return keptIn(ZoneOffset.UTC, rules, backups);
  }

  private List<Instant> keptIn(ZoneId zone, Retention rules, List<CatalogEntry> backups) {
    return policy(zone, rules).decide(backups, NOW).stream()
        .filter(RetentionDecision::keep)
        .map(decision -> decision.backup().manifest().startedAt())
        .toList();
  }

  private static RetentionPolicy policy(ZoneId zone, Retention rules) {
    return new RetentionPolicy(
        List.of(
            BackupSchedule.every(
                "every-6h",
                Span.of(Duration.ofHours(6)),
                "production",
                BackupKind.LOGICAL,
                rules,
                "local")),
        Optional.empty(),
        zone);
  }

  private static Retention within(String span) {
    return Retention.within(Span.parse(span));
  }

  private static Retention rule(int daily, int weekly, int monthly, int yearly) {
    return new Retention(Optional.empty(), daily, weekly, monthly, yearly);
  }

  private CatalogEntry verified(int daysAgo) {
    return backup(NOW.minus(Duration.ofDays(daysAgo)), BackupEvent.Type.VERIFIED);
  }

  private CatalogEntry drilled(int daysAgo) {
    return backup(NOW.minus(Duration.ofDays(daysAgo)), BackupEvent.Type.DRILLED);
  }

  private CatalogEntry backup(Instant takenAt, BackupEvent.Type event) {
    return entry(takenAt, Optional.of("every-6h"), false, event);
  }

  private CatalogEntry entry(
      Instant takenAt, Optional<String> schedule, boolean emergency, BackupEvent.Type event) {
    return entry(BackupKind.LOGICAL, takenAt, schedule, emergency, event);
  }

  private CatalogEntry entry(
      BackupKind kind,
      Instant takenAt,
      Optional<String> schedule,
      boolean emergency,
      BackupEvent.Type event) {
    BackupId id = new BackupId("20260101T000000Z-%06x".formatted(ids++));
    BackupCopy copy =
        new BackupCopy(
            STORAGE,
            new ObjectName("set").child(id.value()),
            List.of(new BackupEvent(event, takenAt, "web-1", "", Duration.ZERO)),
            List.of());
    return new CatalogEntry(
        BackupManifests.of(id, kind, takenAt, schedule, emergency), List.of(copy));
  }
}
