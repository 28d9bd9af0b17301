package dev.drp.assessment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.assessment.Reading.Section;
import dev.drp.assessment.Reading.State;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DataSize;
import dev.drp.plan.Percentage;
import dev.drp.plan.Thresholds;
import dev.drp.runtime.FakeComposeProject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiagnoseEnvironmentTest {
  @TempDir Path folder;
  private AssessmentFixture fixture;

  @BeforeEach
  void aStackThatIsWell() {
    fixture = new AssessmentFixture(folder);
  }

  private Diagnosis diagnose(ContingencyPlan plan) {
    return diagnose(plan, fixture.surroundings(), AssessmentFixture.PATIENT);
  }

  private Diagnosis diagnose(ContingencyPlan plan, Surroundings surroundings, AnswerLimits limits) {
    return new DiagnoseEnvironment(plan, surroundings, limits, fixture.backups.clock)
        .diagnose("production");
  }

  private static Reading reading(Diagnosis diagnosis, String subject) {
    return diagnosis.readings().stream()
        .filter(it -> it.subject().startsWith(subject))
        .findFirst()
        .orElseThrow(() -> new AssertionError(subject + " is not in " + diagnosis.readings()));
  }

  @Test
  void allIsWellWhereEverythingAnswers() {
    Diagnosis diagnosis = diagnose(fixture.plan());

    assertThat(diagnosis.readings()).allMatch(it -> it.state() == State.GOOD);
    assertThat(diagnosis.exitStatus()).isEqualTo(ExitStatus.OK);
    assertThat(reading(diagnosis, "memory").value()).isEqualTo("2.0 GB of 8.2 GB used: 25%");
    assertThat(reading(diagnosis, "uptime").value()).isEqualTo("1d");
    assertThat(reading(diagnosis, "port 8000").value()).isEqualTo("open");
    assertThat(reading(diagnosis, "name app.example.net").value()).isEqualTo("192.0.2.1");
    assertThat(reading(diagnosis, "service db").value()).isEqualTo("runs, healthy");
    assertThat(reading(diagnosis, "connections").value()).isEqualTo("3 of 100");
    assertThat(reading(diagnosis, "there are orders").limit()).isEqualTo("> 0");
  }

  @Test
  void comparesWithTheThresholdsOfThePlan() {
    Thresholds thresholds =
        new Thresholds(
            Optional.of(Percentage.of(1)),
            Optional.of(Percentage.of(24)),
            Optional.empty(),
            Optional.of(new DataSize(Long.MAX_VALUE)),
            Optional.of(Duration.ofMillis(2)),
            Optional.of(Duration.ofHours(1)),
            Optional.empty());

    Diagnosis diagnosis =
        diagnose(fixture.plan(fixture.environment().build()).thresholds(thresholds).build());

    assertThat(reading(diagnosis, "processors").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "memory").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "memory").limit()).isEqualTo("at most 24%");
    assertThat(reading(diagnosis, "disk of backups").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "disk of /").state()).isEqualTo(State.GOOD);
    assertThat(reading(diagnosis, "http://localhost:8000").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "answer time").state()).isEqualTo(State.GOOD);
    assertThat(diagnosis.exitStatus()).isEqualTo(ExitStatus.FAILED);
  }

  @Test
  void tellsWhatIsDown() throws IOException {
    fixture.engine.crash("shop-backend-1", 137);
    fixture.bad.add(AssessmentFixture.LOCAL);
    fixture.namesResolve = false;
    fixture.databaseAnswers = false;
    fixture.listenOn(8001);

    Diagnosis diagnosis = diagnose(fixture.plan());

    assertThat(reading(diagnosis, "service backend").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "service backend").value()).startsWith("ended with code 137");
    assertThat(reading(diagnosis, "http://localhost:8000").value()).contains("502");
    assertThat(reading(diagnosis, "name app").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "database shop").value()).isEqualTo("nobody is there");
    assertThat(reading(diagnosis, "port 8000").value()).isEqualTo("nobody listens");
    assertThat(reading(diagnosis, "service db").state()).isEqualTo(State.GOOD);
  }

  @Test
  void aMissingEngineHidesNothingElse() {
    fixture.engineAnswers = false;

    Diagnosis diagnosis = diagnose(fixture.plan());

    assertThat(reading(diagnosis, "engine").state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, "engine").value()).isEqualTo("cannot reach the engine");
    assertThat(reading(diagnosis, "there are orders").state()).isEqualTo(State.GOOD);
    assertThat(reading(diagnosis, "Compose files").state()).isEqualTo(State.GOOD);
  }

  @Test
  void endsWhenNothingAnswersAndSaysWhatDidNot() {
    CountDownLatch until = new CountDownLatch(1);

    Diagnosis diagnosis =
        diagnose(
            fixture.plan(),
            fixture.hanging(until),
            new AnswerLimits(Duration.ofMillis(300), Duration.ofMillis(900)));

    until.countDown();
    assertThat(diagnosis.readings())
        .filteredOn(it -> it.state() == State.UNKNOWN)
        .extracting(Reading::subject)
        .contains(
            "engine",
            "name app.example.net",
            "http://localhost:8000/",
            "https://app.example.net/",
            "database shop");
    assertThat(reading(diagnosis, "engine").value()).isEqualTo("did not answer within 300ms");
    assertThat(reading(diagnosis, "memory").state()).isEqualTo(State.GOOD);
    assertThat(diagnosis.exitStatus()).isEqualTo(ExitStatus.FAILED);
  }

  @Test
  void showsErrorsOfLogsWithoutSecrets() throws IOException {
    Path log = folder.resolve("error.log");
    Files.writeString(
        log,
        "all is well\nERROR: password s3cr3t-of-file refused\nERROR: %s\n"
            .formatted(FakeComposeProject.SECRET));
    Files.writeString(fixture.compose.resolve(".env"), "DB_PASSWORD=\"s3cr3t-of-file\"\n");
    fixture.engine.crash("shop-backend-1", 1);

    Diagnosis diagnosis = diagnose(fixture.plan(fixture.environment().log(log).build()).build());

    assertThat(reading(diagnosis, log.toString()).lines())
        .containsExactly("ERROR: password *** refused", "ERROR: ***");
    assertThat(
            diagnosis.readings().stream()
                .filter(it -> it.section() == Section.LOGS)
                .filter(it -> it.subject().equals("shop-backend-1"))
                .flatMap(it -> it.lines().stream()))
        .containsExactly("the password is ***", "this is SERVES");
    assertThat(diagnosis.toString()).doesNotContain("s3cr3t-of-file", FakeComposeProject.SECRET);
  }

  @Test
  void aLogThatIsNotThereIsBad() {
    Path log = folder.resolve("no.log");

    Diagnosis diagnosis = diagnose(fixture.plan(fixture.environment().log(log).build()).build());

    assertThat(reading(diagnosis, log.toString()).state()).isEqualTo(State.BAD);
    assertThat(reading(diagnosis, log.toString()).lines()).isEqualTo(List.of());
  }

  @Test
  void refusesAnEnvironmentThatThereIsNot() {
    DiagnoseEnvironment diagnose =
        new DiagnoseEnvironment(
            fixture.plan(),
            fixture.surroundings(),
            AssessmentFixture.PATIENT,
            fixture.backups.clock);

    assertThatThrownBy(() -> diagnose.diagnose("productoin"))
        .isInstanceOf(RecoveryException.class)
        .hasMessageContaining("production");
  }
}
