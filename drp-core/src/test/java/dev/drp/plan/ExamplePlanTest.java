package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.plan.PlanFinding.Rule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class ExamplePlanTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);

  private final LoadedPlan example = PlanLoader.load(file("examples/drp.yaml"));

  /** A file of the project, from wherever in it the tests run. */
  static Path file(String name) {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      if (Files.exists(folder.resolve("examples"))) {
        return folder.resolve(name);
      }
    }
    throw new IllegalStateException("the tests run outside of the project");
  }

  @Test
  void hasNoProblem() {
    assertThat(example.problems()).isEmpty();
    assertThat(example.plan()).isPresent();
  }

  @Test
  void holdsWhatItSays() {
    ContingencyPlan plan = example.orThrow();
    DatabaseSettings database = plan.environment("production").requireDatabase();

    assertThat(plan.language()).isEqualTo(Language.FR);
    assertThat(plan.objectives().recoveryPoint()).contains(Duration.ofHours(1));
    assertThat(plan.environment("production").isProtected()).isTrue();
    assertThat(plan.environment("staging").isProtected()).isFalse();
    assertThat(database.service()).contains("db");
    assertThat(database.password().orElseThrow())
        .isInstanceOfSatisfying(
            SecretReference.EnvFile.class,
            reference -> {
              assertThat(reference.name()).isEqualTo("POSTGRES_PASSWORD");
              assertThat(reference.path()).isAbsolute().endsWithRaw(Path.of(".database.env"));
            });
    assertThat(database.expectations().get(0).expect().isMetBy("40")).isTrue();
    assertThat(plan.backupsOf("staging"))
        .extracting(BackupSchedule::name)
        .contains("staging-daily");
    assertThat(plan.written().contacts()).containsKeys("lead", "dba");
  }

  @Test
  void saysWhatIsNotActedOn() {
    assertThat(example.notActedOn())
        .extracting(NotActedOn::path)
        .contains("escalation", "thresholds.uptime")
        .doesNotContain("backups.database.kind", "storages.local", "storages.standby", "review");
  }

  @Test
  void contradictsItselfWhereTheFirstPlanOfATeamDoes() {
    assertThat(PlanLint.check(example, CLOCK))
        .extracting(PlanFinding::rule)
        .containsExactly(
            Rule.AVAILABILITY_NOT_KEPT,
            Rule.NO_OFF_SITE_BACKUP,
            Rule.RECOVERY_POINT_NOT_KEPT,
            Rule.SECRETS_UNENCRYPTED,
            Rule.SECRETS_UNENCRYPTED,
            Rule.RECOVERY_PLAN_POINT_NOT_KEPT,
            Rule.RECOVERY_PLAN_POINT_NOT_KEPT,
            Rule.RECOVERY_PLAN_TOO_SLOW,
            Rule.PLACEHOLDER);
  }
}
