package dev.drp.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupFixture;
import dev.drp.plan.Language;
import dev.drp.procedure.DrillRequest;
import dev.drp.procedure.DrillResult;
import dev.drp.procedure.ProcedureFixture;
import dev.drp.procedure.RestoreRequest;
import dev.drp.recovery.Execution;
import dev.drp.recovery.ExecutionListener;
import dev.drp.recovery.ExecutionState;
import dev.drp.recovery.Executions;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.ObjectiveState;
import dev.drp.recovery.RecoveryEngine;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepState;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutionReportsTest {
  private static final RestoreRequest CONFIRMED =
      RestoreRequest.NEWEST.confirming(ProcedureFixture.LIVE);

  @TempDir Path folder;
  private ProcedureFixture fixture;

  @BeforeEach
  void anEnvironmentWithABackup() {
    fixture = new ProcedureFixture(folder);
    fixture.backUp();
  }

  private ExecutionReports reports(Language language) {
    return new ExecutionReports(fixture.backups.state, language);
  }

  private static JsonNode parse(String json) throws IOException {
    return new ObjectMapper().readTree(json);
  }

  @Test
  void tellsWhatARestoreDidWithItsEvidence() throws IOException {
    Execution execution = fixture.restore(CONFIRMED);

    String page = reports(Language.EN).markdown(execution);

    assertThat(page)
        .startsWith("# Recovery report: restore of the database of production\n")
        .contains("| Recovery point (RPO) | 6 h | 5 min | met |")
        .contains("| public.customers | 2 | 2 | as expected |")
        .contains("| there are orders | \\> 0 |")
        .contains("| load the dump | succeeded |")
        .contains("`tReady`")
        .contains("`drp_aside_" + execution.id() + "` was set aside")
        .contains("drp restore-commit " + execution.id())
        .contains(execution.evidence());
    JsonNode json = parse(reports(Language.EN).json(execution));
    assertThat(json.path("state").asText()).isEqualTo("AWAITING_COMMIT");
    assertThat(json.at("/objectives/recoveryPoint/actualSeconds").asDouble()).isEqualTo(300);
    assertThat(json.at("/objectives/recoveryPoint/state").asText()).isEqualTo("MET");
    assertThat(json.at("/evidence/sha256").asText()).isEqualTo(execution.evidence());
    assertThat(json.path("setAside").asText()).isEqualTo("drp_aside_" + execution.id());
    assertThat(json.path("phases")).hasSize(5);
  }

  @Test
  void namesWhatWasDoneAtTheSameTimeWithTheLongestOfIt() throws IOException {
    Execution execution =
        new RecoveryEngine(new Executions(fixture.backups.state), fixture.backups.clock)
            .execute(
                RecoveryPlan.named("own", BackupFixture.APPLICATION, ProcedureFixture.PRODUCTION)
                    .phase(
                        "all",
                        Step.reading("a | b", "", context -> {}).inGroup("probes"),
                        Step.reading("c", "", context -> {}).inGroup("probes"))
                    .build(),
                Mode.RECOVERY,
                ExecutionListener.SILENT);

    assertThat(reports(Language.EN).markdown(execution))
        .containsSubsequence(
            "| *probes* | at the same time |  | *", "| a \\| b | succeeded |", "| c | succeeded |");
    assertThat(reports(Language.FR).markdown(execution)).contains("| *probes* | en même temps |");
    assertThat(parse(reports(Language.EN).json(execution)).at("/phases/0/steps/0/group").asText())
        .isEqualTo("probes");
  }

  @Test
  void speaksFrenchWhereThePlanDoes() {
    Execution execution = fixture.restore(CONFIRMED);

    assertThat(reports(Language.FR).markdown(execution))
        .startsWith("# Rapport de reprise : restauration de la base de données de production\n")
        .contains("| Perte de données (RPO) | 6 h | 5 min | tenu |")
        .contains("## Prochaines actions")
        .contains("| charger la sauvegarde | réussie |");
    assertThat(reports(Language.FR).json(execution))
        .isEqualTo(reports(Language.EN).json(execution));
  }

  @Test
  void saysWhatWentWrongAndWhatStands() throws IOException {
    fixture.server.failNext(
        "load", new RecoveryException(ErrorCode.COMMAND_FAILED, "it | *broke*\nhere", "mend it."));

    Execution execution = fixture.restore(CONFIRMED);

    String page = reports(Language.EN).markdown(execution);
    assertThat(page)
        .contains("- `COMMAND_FAILED`: it \\| \\*broke\\* here\n")
        .contains("The live database shop was not touched.")
        .contains("Not executed: ")
        .contains("| Recovery time (RTO) | 2 h | – | not measured |");
    JsonNode json = parse(reports(Language.EN).json(execution));
    assertThat(json.at("/problem/code").asText()).isEqualTo("COMMAND_FAILED");
    assertThat(json.at("/objectives/recoveryTime/actualSeconds").isNull()).isTrue();
  }

  @Test
  void saysHowADrillEndedAndWhatItLeft() throws IOException {
    fixture.sandboxes.leaveBehind(List.of("container x"));

    Execution execution = fixture.drill(DrillRequest.NEWEST);

    assertThat(reports(Language.EN).markdown(execution))
        .startsWith("# Drill report: restore of the database on a throw-away server of production")
        .contains("**FAILED**")
        .contains("| Cleanup | INCOMPLETE |")
        .contains("| left behind | nothing | container x | NOT AS EXPECTED |")
        .contains("- Remove by hand what the drill left.");
    JsonNode json = parse(reports(Language.EN).json(execution));
    assertThat(json.path("outcome").asText()).isEqualTo("FAILED");
    assertThat(json.path("cleanup").asText()).isEqualTo("INCOMPLETE");
  }

  @Test
  void writesAllForItsUserOnly() throws IOException {
    Execution execution = fixture.restore(CONFIRMED);

    ExecutionReports.Files files = reports(Language.EN).write(execution);

    for (Path file : List.of(files.markdown(), files.html(), files.json())) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      assertThat(file.getParent()).isEqualTo(fixture.backups.state.root().resolve("reports"));
    }
    assertThat(files.markdown()).hasContent(reports(Language.EN).markdown(execution));
  }

  @Test
  void asAPageItHoldsTheSameTablesAndRunsNothing() {
    fixture.sandboxes.leaveBehind(List.of("<script>alert(1)</script> [x](javascript:alert(1))"));

    String page = reports(Language.FR).html(fixture.drill(DrillRequest.NEWEST));

    assertThat(page)
        .contains("<html lang=\"fr\">", "<title>Rapport", "<table>", "<td>production</td>")
        .contains("&lt;script&gt;")
        .doesNotContain("<script", "href=\"javascript:", "src=");
  }

  @Test
  void hasEveryWordInBothLanguages() throws IOException {
    Properties english = words("messages.properties");
    Properties french = words("messages_fr.properties");

    assertThat(french.stringPropertyNames()).isEqualTo(english.stringPropertyNames());
    for (Enum<?>[] values :
        List.<Enum<?>[]>of(
            Mode.values(),
            ExecutionState.values(),
            StepState.values(),
            ObjectiveState.values(),
            MeasuringPoint.values(),
            DrillResult.Outcome.values(),
            DrillResult.Cleanup.values())) {
      for (Enum<?> value : values) {
        assertThat(english)
            .containsKey(value.getDeclaringClass().getSimpleName() + "." + value.name());
      }
    }
    Stream.of(fixture.restore(CONFIRMED), fixture.drill(DrillRequest.NEWEST))
        .flatMap(execution -> execution.phases().stream())
        .forEach(
            phase -> {
              assertThat(english).containsKey("phase." + phase.name());
              phase.steps().forEach(step -> assertThat(english).containsKey("step." + step.name()));
            });
  }

  private static Properties words(String file) throws IOException {
    Properties words = new Properties();
    try (Reader reader =
        Files.newBufferedReader(
            Path.of("src/main/resources/dev/drp/report", file), StandardCharsets.UTF_8)) {
      words.load(reader);
    }
    return words;
  }
}
