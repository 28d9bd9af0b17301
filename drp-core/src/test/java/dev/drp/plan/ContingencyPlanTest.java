package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.EffectiveObjectives.Sourced;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ContingencyPlanTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration DAY = Duration.ofDays(1);

  private static ContingencyPlan.Builder plan() {
    return ContingencyPlan.builder("Shop")
        .site(Site.local("primary"))
        .environment(
            Environment.builder("production", "primary")
                .database(DatabaseSettings.builder("shop", "shop").host("localhost", 5432).build())
                .build())
        .storage(new Storage.Directory("local", Path.of("/var/backups"), false));
  }

  private static BackupSchedule daily(String environment, String storage) {
    return BackupSchedule.every(
        "daily",
        Span.of(DAY),
        environment,
        BackupKind.LOGICAL,
        Retention.within(Span.ofMonths(1)),
        storage);
  }

  @Test
  void isMadeInCodeByTheRulesOfTheFile() {
    ContingencyPlan plan = plan().backup(daily("production", "local")).build();

    assertThat(plan.backupsOf("production")).extracting(BackupSchedule::name).contains("daily");
    assertThat(plan.environment("production").isProtected()).isTrue();
  }

  @Test
  void cannotReferToWhatItDoesNotDefine() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> plan().backup(daily("prodcution", "usb")).build())
        .withMessageContaining("backups.daily.environment")
        .withMessageContaining("backups.daily.to[0]");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> plan().environment(Environment.builder("staging", "nowhere").build()).build())
        .withMessageContaining("environments.staging.site");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ContingencyPlan.builder("Shop").build())
        .withMessageContaining("at least one site")
        .withMessageContaining("at least one environment");
  }

  @Test
  void recordsCannotExistInABadState() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DatabaseSettings.builder("shop", "shop").build())
        .withMessageContaining("neither service nor host");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Environment.builder("../x", "primary").build());
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                Environment.builder("production", "primary")
                    .database(DatabaseSettings.builder("a", "b").service("db").build())
                    .build())
        .withMessageContaining("compose");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Retention(Optional.empty(), 0, 0, 0, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ComposeSettings("A B", Path.of("/"), List.of()));
  }

  @Test
  void theNearestObjectiveWins() {
    ContingencyPlan plan =
        plan()
            .objectives(Objectives.of(HOUR.multipliedBy(4), HOUR))
            .environment(
                Environment.builder("staging", "primary")
                    .objectives(
                        new Objectives(
                            Optional.of(DAY),
                            Optional.empty(),
                            Optional.empty(),
                            Optional.of(Percentage.of(95))))
                    .build())
            .recoveryPlan(
                PlannedRecovery.of(
                    "restore",
                    new Objectives(
                        Optional.empty(), Optional.of(DAY), Optional.empty(), Optional.empty())))
            .build();

    assertThat(plan.objectivesOf("production").recoveryTime())
        .contains(new Sourced<>(HOUR.multipliedBy(4), "objectives.recovery-time"));
    assertThat(plan.objectivesOf("production").availability()).isEmpty();
    assertThat(plan.objectivesOf("staging").recoveryTime())
        .contains(new Sourced<>(DAY, "environments.staging.objectives.recovery-time"));
    assertThat(plan.objectivesOf("staging").recoveryPoint())
        .contains(new Sourced<>(HOUR, "objectives.recovery-point"));
    assertThat(plan.objectivesOf("staging", "restore").recoveryPoint())
        .contains(new Sourced<>(DAY, "recovery-plans.restore.objectives.recovery-point"));
    assertThat(plan.objectivesOf("staging", "restore").recoveryTime())
        .contains(new Sourced<>(DAY, "environments.staging.objectives.recovery-time"));
    assertThat(plan.objectivesOf("staging", "another")).isEqualTo(plan.objectivesOf("staging"));
  }

  @Test
  void aRecoveryPlanOfOtherEnvironmentsHasNoSay() {
    PlannedRecovery ofStaging =
        new PlannedRecovery(
            "restore",
            Optional.empty(),
            List.of("staging"),
            Objectives.of(DAY, DAY),
            List.of(),
            List.of(),
            List.of(),
            List.of());
    ContingencyPlan plan =
        plan()
            .objectives(Objectives.of(HOUR, HOUR))
            .environment(Environment.builder("staging", "primary").build())
            .recoveryPlan(ofStaging)
            .build();

    assertThat(plan.objectivesOf("staging", "restore").recoveryTime())
        .contains(new Sourced<>(DAY, "recovery-plans.restore.objectives.recovery-time"));
    assertThat(plan.objectivesOf("production", "restore"))
        .isEqualTo(plan.objectivesOf("production"));
  }

  @Test
  void anUnknownNameIsAnsweredWithThoseThereAre() {
    assertThatThrownBy(() -> plan().build().environment("prod"))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_IN_PLAN))
        .hasMessageContaining("no environment 'prod' in the plan")
        .hasMessageContaining("did you mean production?");
    assertThatThrownBy(() -> plan().build().backup("daily"))
        .hasMessageContaining("the plan has no backup schedule");
  }

  @Test
  void anEnvironmentWithoutDatabaseSaysSo() {
    assertThatThrownBy(() -> Environment.builder("x", "primary").build().requireDatabase())
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_IN_PLAN))
        .hasMessageContaining("environments.x.database");
  }
}
