package dev.drp.assessment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ExitStatus;
import dev.drp.assessment.Recommendation.Reason;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Consistency;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Criticality;
import dev.drp.plan.Environment;
import dev.drp.plan.Language;
import dev.drp.plan.Objectives;
import dev.drp.plan.PlannedRecovery;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AssessOutageTest {
  @TempDir Path folder;
  private AssessmentFixture fixture;

  @BeforeEach
  void aStackThatIsWell() {
    fixture = new AssessmentFixture(folder);
  }

  private OutageAssessment assess() {
    return assess(fixture.plan(), Optional.empty());
  }

  private OutageAssessment assess(ContingencyPlan plan, Optional<Instant> impact) {
    return assess(plan, impact, fixture.surroundings(), AssessmentFixture.PATIENT);
  }

  private OutageAssessment assess(
      ContingencyPlan plan,
      Optional<Instant> impact,
      Surroundings surroundings,
      AnswerLimits limits) {
    return new AssessOutage(
            plan,
            surroundings,
            List.of(fixture.backups.localStorage),
            fixture.backups.state,
            limits,
            fixture.backups.clock)
        .assess("production", impact);
  }

  private void crash(String... services) {
    for (String service : services) {
      fixture.engine.crash("shop-" + service + "-1", 137);
    }
  }

  private void recommends(String plan, Reason reason) {
    OutageAssessment assessment = assess();
    assertThat(assessment.recommendation().plan()).contains(plan);
    assertThat(assessment.recommendation().reason()).isEqualTo(reason);
    assertThat(assessment.exitStatus()).isEqualTo(ExitStatus.FAILED);
  }

  // --- which plan

  @Test
  void recommendsNothingWhereAllIsWell() {
    OutageAssessment assessment = assess();

    assertThat(assessment.recommendation().reason()).isEqualTo(Reason.ALL_WELL);
    assertThat(assessment.recommendation().plan()).isEmpty();
    assertThat(assessment.exitStatus()).isEqualTo(ExitStatus.OK);
  }

  @Test
  void recommendsNetworkWhereOnlyPublicAddressesFail() {
    fixture.bad.add(AssessmentFixture.PUBLIC);

    recommends("network", Reason.BEYOND_THIS_MACHINE);
  }

  @Test
  void recommendsApplicationWhereServicesAreDownAndTheDatabaseIsWell() {
    crash("backend");
    fixture.bad.add(AssessmentFixture.LOCAL);

    recommends("application", Reason.SERVICES_DOWN);
    assertThat(assess().affected()).containsExactly("backend", "nginx");
  }

  @Test
  void recommendsApplicationWhereServicesRunAndDoNotAnswer() {
    fixture.bad.add(AssessmentFixture.LOCAL);

    recommends("application", Reason.NO_GOOD_ANSWER);
  }

  @Test
  void recommendsRestartWhereMostIsDown() {
    crash("backend", "frontend", "nginx");
    fixture.bad.add(AssessmentFixture.LOCAL);

    recommends("restart", Reason.MOST_ARE_DOWN);
  }

  @Test
  void recommendsRestartWhereTheDatabaseIsDownWithItsVolume() {
    crash("db");
    fixture.databaseAnswers = false;
    fixture.bad.add(AssessmentFixture.LOCAL);

    recommends("restart", Reason.DATABASE_DOWN);
  }

  @Test
  void recommendsDatabaseWhereItsVolumeIsGone() {
    crash("db");
    fixture.databaseAnswers = false;
    fixture.engine.removeVolume("shop_data");

    recommends("database", Reason.VOLUMES_GONE);
    assertThat(assess().recommendation().about()).containsExactly("shop_data");
  }

  @Test
  void recommendsVolumesWhereOthersThanTheDatabasesAreGone() {
    Environment environment =
        fixture
            .environment()
            .volume(
                new Environment.Volume(
                    "shop_uploads", Optional.empty(), Criticality.IMPORTANT, Consistency.LIVE))
            .build();
    ContingencyPlan plan = fixture.plan(environment).build();

    OutageAssessment allRun = assess(plan, Optional.empty());
    crash("backend", "frontend", "nginx");
    OutageAssessment mostAreDown = assess(plan, Optional.empty());

    for (OutageAssessment assessment : List.of(allRun, mostAreDown)) {
      assertThat(assessment.recommendation().reason()).isEqualTo(Reason.OTHER_VOLUMES_GONE);
      assertThat(assessment.recommendation().about()).containsExactly("shop_uploads");
      assertThat(new OutageReport(assessment, Language.EN).command())
          .contains("drp recover volumes production");
    }
  }

  @Test
  void recommendsDatabaseWhereItIsGone() {
    fixture.backups.server.destroy("shop");

    recommends("database", Reason.DATA_GONE);
  }

  @Test
  void recommendsDatabaseWhereTheDataIsNotWhatThePlanExpects() {
    fixture.backups.server.answer("select count(*) from orders", any -> "0");
    crash("frontend");

    recommends("database", Reason.DATA_WRONG);
    assertThat(assess().recommendation().kind()).contains(BackupKind.LOGICAL);
  }

  @Test
  void recommendsRebuildWhereNothingIsLeft() {
    fixture.project().down(Duration.ZERO);
    fixture.engine.removeVolume("shop_data");
    fixture.databaseAnswers = false;

    recommends("rebuild", Reason.NOTHING_THERE);
    OutageReport report = new OutageReport(assess(), Language.EN);
    assertThat(report.command()).contains("drp recover rebuild production --kind logical");
    assertThat(report.markdown()).doesNotContain("keeps the data");
  }

  @Test
  void recommendsNothingWhereTheEngineDoesNotAnswer() {
    fixture.engineAnswers = false;
    fixture.databaseAnswers = false;

    OutageAssessment assessment = assess();

    assertThat(assessment.recommendation().plan()).isEmpty();
    assertThat(assessment.recommendation().reason()).isEqualTo(Reason.ENGINE_SILENT);
    assertThat(assessment.exitStatus()).isEqualTo(ExitStatus.FAILED);
  }

  // --- what would be lost, how long it would take

  @Test
  void tellsWhatWouldBeLost() {
    fixture.backups.take();
    Instant taken = fixture.backups.clock.instant();
    fixture.backups.clock.advance(Duration.ofHours(3));
    fixture.backups.take(); // may hold the damage
    fixture.backups.clock.advance(Duration.ofHours(1));

    OutageAssessment assessment =
        assess(fixture.plan(), Optional.of(taken.plus(Duration.ofHours(2))));

    assertThat(assessment.points())
        .singleElement()
        .satisfies(
            it -> {
              assertThat(it.at()).isEqualTo(taken);
              assertThat(it.loss()).isEqualTo(Duration.ofHours(2));
              assertThat(it.storage()).isEqualTo("local");
              assertThat(it.kind()).isEqualTo(BackupKind.LOGICAL);
            });
  }

  @Test
  void forecastsByTheObjectiveWhatNobodyExecutedYet() {
    ContingencyPlan plan =
        fixture
            .plan(fixture.environment().build())
            .recoveryPlan(
                PlannedRecovery.of(
                    "application", Objectives.of(Duration.ofMinutes(30), Duration.ofMinutes(5))))
            .build();
    crash("backend");

    OutageAssessment assessment = assess(plan, Optional.empty());

    assertThat(assessment.forecast())
        .map(DowntimeForecast::expected)
        .contains(Optional.of(Duration.ofMinutes(30)));
    assertThat(assessment.forecast())
        .map(DowntimeForecast::basis)
        .contains(DowntimeForecast.Basis.OBJECTIVE);
    assertThat(assessment.forecasts()).extracting(DowntimeForecast::plan).contains("database");
  }

  // --- whatever does not answer

  @Test
  void endsWhenNothingAnswers() {
    fixture.backups.take();
    fixture.backups.localCatalog().refresh("production");
    CountDownLatch until = new CountDownLatch(1);

    OutageAssessment assessment =
        assess(
            fixture.plan(),
            Optional.empty(),
            fixture.hanging(until),
            new AnswerLimits(Duration.ofMillis(300), Duration.ofMillis(900)));

    until.countDown();
    assertThat(assessment.recommendation().reason()).isEqualTo(Reason.ENGINE_SILENT);
    assertThat(assessment.points()).hasSize(1);
    assertThat(new OutageReport(assessment, Language.EN).markdown())
        .contains("**Lost data**: not known", "**Estimated downtime**: not known");
  }

  // --- report

  @Test
  void fillsInWhatWasToBeCompletedByHand() {
    fixture.backups.take();
    crash("backend");
    fixture.bad.add(AssessmentFixture.LOCAL);
    OutageAssessment assessment = assess();

    assertThat(new OutageReport(assessment, Language.FR).markdown())
        .contains(
            "**Services affectés**\u00a0: backend, nginx",
            "**Données perdues**\u00a0: aucune",
            "**Durée d’indisponibilité estimée**\u00a0: ",
            "**Recommandation**\u00a0: `drp recover application production`");
    assertThat(new OutageReport(assessment, Language.EN).markdown())
        .contains("**Affected services**: backend, nginx", "**Lost data**: none");
  }

  @Test
  void hostileNamesStayText() {
    Environment environment =
        fixture
            .environment()
            .volume(
                new Environment.Volume(
                    "x|`**\u001b[31m\n# all is well",
                    Optional.empty(),
                    Criticality.NORMAL,
                    Consistency.LIVE))
            .build();

    String report =
        new OutageReport(assess(fixture.plan(environment).build(), Optional.empty()), Language.EN)
            .markdown();

    assertThat(report).contains("x\\|\\`\\*\\*").doesNotContain("\u001b", "\n# all is well");
  }

  @Test
  void bothLanguagesHaveTheSameWords() {
    for (Reason reason : Reason.values()) {
      assertThat(words(Language.FR)).contains("reason." + reason);
    }
    assertThat(words(Language.FR)).isEqualTo(words(Language.EN));
  }

  private static Set<String> words(Language language) {
    return new TreeSet<>(language.texts(OutageReport.class, "messages").keySet());
  }
}
