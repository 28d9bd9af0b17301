package dev.drp.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.recovery.TestPlans.World;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JournalTest {
  @TempDir Path folder;

  private final World world = new World();
  private Executions executions;
  private Execution paused;
  private Path file;

  private RecoveryPlan plan() {
    return RecoveryPlan.named("test", "Shop", "production")
        .phase(
            "all",
            TestPlans.effect(world, "a"),
            Step.changing(
                    "b",
                    "say \"hi\"\nthere",
                    context -> {
                      if (!world.effects.containsKey("repaired")) {
                        throw new IllegalStateException("broken");
                      }
                    })
                .probe(context -> Step.Outcome.NOT_DONE))
        .build();
  }

  @BeforeEach
  void aPausedExecution() {
    executions = TestPlans.executions(folder);
    paused = TestPlans.engine(executions).execute(plan(), Mode.RECOVERY, ExecutionListener.SILENT);
    file = executions.journal(paused.id());
  }

  private Execution resume() {
    world.effect("repaired");
    return TestPlans.engine(executions)
        .resume(paused.id(), List.of(), before -> plan(), ExecutionListener.SILENT);
  }

  @Test
  void canBeProvenWithNothingButSha256() throws Exception {
    String previous = "0".repeat(64);
    for (String line : Files.readAllLines(file)) {
      String text = line.substring(0, line.lastIndexOf(",\"sha256\":"));
      String hash =
          HexFormat.of()
              .formatHex(
                  MessageDigest.getInstance("SHA-256")
                      .digest(text.getBytes(StandardCharsets.UTF_8)));
      assertThat(line).endsWith(",\"sha256\":\"" + hash + "\"}");
      assertThat(line).contains("\"previous\":\"" + previous + "\"");
      previous = hash;
    }
    assertThat(paused.evidence()).isEqualTo(previous);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void dropsATornLastLineAndSaysSo() throws IOException {
    List<String> before = Files.readAllLines(file);
    Files.writeString(file, "{\"number\":99,\"prev", StandardOpenOption.APPEND);
    assertThat(executions.show(paused.id()).tornBytes()).isEqualTo(18);

    Execution done = resume();

    assertThat(done.state()).isEqualTo(ExecutionState.COMPLETED);
    List<String> after = Files.readAllLines(file);
    assertThat(after.subList(0, before.size())).isEqualTo(before);
    assertThat(after.get(before.size())).contains("\"droppedBytes\":18");
    assertThat(executions.show(paused.id()).state()).isEqualTo(ExecutionState.COMPLETED);
  }

  @Test
  void refusesAnyLineThatWasChangedTheLastOneToo() throws IOException {
    List<String> lines = Files.readAllLines(file);
    for (int i = 0; i < lines.size(); i++) {
      List<String> changed = new ArrayList<>(lines);
      changed.set(i, changed.get(i).replaceFirst("10:15:00Z", "10:15:01Z"));
      assertDamagedAt(i + 1, changed);
    }
  }

  @Test
  void refusesALineThatIsMissingDoubledOrNoLineAtAll() throws IOException {
    List<String> lines = Files.readAllLines(file);
    List<String> missing = new ArrayList<>(lines);
    missing.remove(2);
    assertDamagedAt(3, missing);
    List<String> doubled = new ArrayList<>(lines);
    doubled.add(3, lines.get(2));
    assertDamagedAt(4, doubled);
    List<String> garbage = new ArrayList<>(lines);
    garbage.set(1, "\0\0\0");
    assertDamagedAt(2, garbage);
  }

  private void assertDamagedAt(int line, List<String> lines) throws IOException {
    Files.write(file, lines);
    assertThatThrownBy(this::resume)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.JOURNAL_DAMAGED))
        .hasMessageContaining("line " + line + " ");
    assertThat(executions.list().damaged()).hasSize(1);
    assertThat(executions.list().executions()).isEmpty();
  }

  @Test
  void refusesAStoryThatCannotBe() {
    try (Journal journal = Journal.append(file, Journal.read(file), java.time.Clock.systemUTC())) {
      journal.append(new JournalEvent.StepBegan("a", StepState.RUNNING));
    }
    assertThatThrownBy(() -> executions.show(paused.id()))
        .hasMessageContaining("step a went from SUCCEEDED to RUNNING");
  }

  @Test
  void refusesAFormatThatItDoesNotKnow() throws Exception {
    String first = Files.readAllLines(file).get(0).replace("\"format\":1", "\"format\":2");
    String text = first.substring(0, first.lastIndexOf(",\"sha256\":"));
    String hash =
        HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    Files.writeString(file, text + ",\"sha256\":\"" + hash + "\"}\n");

    assertThatThrownBy(() -> executions.show(paused.id()))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_UNKNOWN));
  }

  @Test
  void saysWhenThereIsNoSuchExecution() {
    assertThatThrownBy(() -> executions.show(new ExecutionId("20200101T000000Z-000000")))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.EXECUTION_NOT_FOUND));
  }
}
