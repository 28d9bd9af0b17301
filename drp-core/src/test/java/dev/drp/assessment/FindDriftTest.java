package dev.drp.assessment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.ExitStatus;
import dev.drp.assessment.Drift.Kind;
import dev.drp.backup.BackupFixture;
import dev.drp.plan.Consistency;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Criticality;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Expectation;
import dev.drp.plan.ExpectedResult;
import dev.drp.runtime.FakeComposeProject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FindDriftTest {
  private static final String AT = "environments.production.";

  @TempDir Path folder;
  private AssessmentFixture fixture;

  @BeforeEach
  void aStackThatIsWell() {
    fixture = new AssessmentFixture(folder);
  }

  private List<Drift> find(ContingencyPlan plan) {
    return new FindDrift(plan, fixture.surroundings(), AssessmentFixture.PATIENT)
        .find(Optional.empty());
  }

  private List<Drift> find(Environment environment) {
    return find(fixture.plan(environment).build());
  }

  @Test
  void findsNothingWhereAllAgrees() {
    List<Drift> drifts = find(fixture.plan());

    assertThat(drifts).isEmpty();
    assertThat(Drift.exitStatus(drifts)).isEqualTo(ExitStatus.OK);
  }

  @Test
  void findsWhatIsMissingWithTheNearestName() throws IOException {
    Files.writeString(folder.resolve("error.log"), "");
    fixture.listenOn(8001);
    fixture.namesResolve = false;
    Environment environment =
        fixture
            .environment()
            .database(
                DatabaseSettings.builder("shop", "owner")
                    .service("bd")
                    .expectation(
                        new Expectation(
                            "orders",
                            "select count(*) from order_ join public.customers using (id)",
                            ExpectedResult.parse("> 0"),
                            Optional.empty()))
                    .build())
            .volume(
                new Environment.Volume(
                    "shop-data", Optional.empty(), Criticality.CRITICAL, Consistency.LIVE))
            .log(folder.resolve("errors.log"))
            .build();

    List<Drift> drifts = find(environment);

    assertThat(drifts)
        .filteredOn(it -> it.kind() == Kind.MISSING)
        .extracting(Drift::path, Drift::name, Drift::nearest)
        .containsExactlyInAnyOrder(
            tuple(AT + "database.service", "bd", Optional.of("db")),
            tuple(AT + "volumes[0].name", "shop-data", Optional.of("shop_data")),
            tuple(AT + "database.expectations[0].sql", "order_", Optional.of("orders")),
            tuple(AT + "domains[0].port", "8000", Optional.of("8001")),
            tuple(AT + "domains[0].name", "app.example.net", Optional.empty()),
            tuple(
                AT + "logs[0]",
                folder.resolve("errors.log").toString(),
                Optional.of(folder.resolve("error.log").toString())));
    assertThat(Drift.exitStatus(drifts)).isEqualTo(ExitStatus.FAILED);
  }

  @Test
  void findsServicesWithoutContainerAndFilesThatComposeRefuses() {
    fixture.project().down(Duration.ZERO);
    assertThat(find(fixture.plan()))
        .extracting(Drift::name)
        .contains("db", "backend", "frontend", "nginx");

    fixture.filesAccepted = false;
    assertThat(find(fixture.plan()))
        .extracting(Drift::kind, Drift::path)
        .contains(tuple(Kind.MISSING, AT + "compose"));
  }

  @Test
  void findsWhatNothingBringsBack() {
    fixture.engine.addVolume("shop_uploads", Map.of("com.docker.compose.project", "shop"));
    fixture.backups.server.createDatabase("forgotten");
    new FakeComposeProject("other", fixture.engine, fixture.project().configuration(), Map.of())
        .up(List.of("frontend"), Map.of(), Duration.ofSeconds(1));

    List<Drift> drifts = find(fixture.plan());

    assertThat(drifts)
        .extracting(Drift::kind, Drift::name)
        .containsExactlyInAnyOrder(
            tuple(Kind.UNPROTECTED, "shop_uploads"),
            tuple(Kind.UNPROTECTED, "forgotten"),
            tuple(Kind.UNPROTECTED, "other"));
    assertThat(Drift.exitStatus(drifts)).isEqualTo(ExitStatus.PARTIAL);
  }

  @Test
  void looksAtOneEnvironmentOnly() {
    new FakeComposeProject("other", fixture.engine, fixture.project().configuration(), Map.of())
        .up(List.of("frontend"), Map.of(), Duration.ofSeconds(1));

    assertThat(
            new FindDrift(fixture.plan(), fixture.surroundings(), AssessmentFixture.PATIENT)
                .find(Optional.of(BackupFixture.ENVIRONMENT)))
        .isEmpty();
  }

  @Test
  void whatDoesNotAnswerIsNotMissing() {
    CountDownLatch until = new CountDownLatch(1);

    List<Drift> drifts =
        new FindDrift(
                fixture.plan(),
                fixture.hanging(until),
                new AnswerLimits(Duration.ofMillis(300), Duration.ofMillis(900)))
            .find(Optional.empty());

    until.countDown();
    assertThat(drifts).isNotEmpty().allMatch(it -> it.kind() == Kind.UNKNOWN);
    assertThat(Drift.exitStatus(drifts)).isEqualTo(ExitStatus.FAILED);
  }

  @Test
  void knowsTheTablesThatAStatementReads() {
    List<String> known = List.of("public.users", "public.Surveys", "audit.log");

    assertThat(
            TablesOfExpectation.missing(
                "with recent as (select 1 from users) select count(*) from recent"
                    + " join \"Surveys\" on true join audit.log on true"
                    + " join lateral generate_series(1, 2) on true"
                    + " where extract(year from now()) > 0",
                known))
        .isEmpty();
    assertThat(TablesOfExpectation.missing("select 1 from Surveys, users", known))
        .containsExactly("surveys");
  }
}
