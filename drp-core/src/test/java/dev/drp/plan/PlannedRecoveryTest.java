package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.plan.PlannedRecovery.OnFailure;
import dev.drp.plan.PlannedRecovery.Step;
import dev.drp.plan.PlannedRecovery.When;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a team may write as a recovery plan of its own. */
class PlannedRecoveryTest {
  private static LoadedPlan load(String steps) {
    return PlanText.load(
        PlanText.PLAN
            + "recovery-plans:\n  own:\n    phases:\n      - name: all\n        steps:\n"
            + steps.indent(10));
  }

  private static List<Step> steps(String steps) {
    return Objects.requireNonNull(load(steps).orThrow().recoveryPlans().get("own"))
        .phases()
        .get(0)
        .allSteps();
  }

  @Test
  void theStepsOfAGroupHaveWhatItSaysUnlessTheySayItThemselves() {
    List<Step> steps =
        steps(
            """
            - call the registrar
            - group: save and look
              modes: [recovery]
              on-failure: continue
              within: 5m
              steps:
                - { name: save, run: [backup] }
                - { name: look, probe: 'http://localhost', modes: [drill], on-failure: abort, within: 1m }
                - { name: breathe, wait: 20m }
                - call the host
            - { name: end, run: [x] }
            """);

    assertThat(steps)
        .extracting(Step::name, Step::modes, Step::onFailure, Step::within)
        .containsExactly(
            tuple("call the registrar", List.of(), Optional.empty(), Optional.empty()),
            tuple("save", List.of(When.RECOVERY), Optional.of(OnFailure.CONTINUE), minutes(5)),
            tuple("look", List.of(When.DRILL), Optional.of(OnFailure.ABORT), minutes(1)),
            tuple(
                "breathe",
                List.of(When.RECOVERY),
                Optional.of(OnFailure.CONTINUE),
                Optional.empty()),
            tuple(
                "call the host",
                List.of(When.RECOVERY),
                Optional.of(OnFailure.CONTINUE),
                minutes(5)),
            tuple("end", List.of(), Optional.empty(), Optional.empty()));
  }

  private static Optional<Duration> minutes(int minutes) {
    return Optional.of(Duration.ofMinutes(minutes));
  }

  @Test
  void namesEveryMistakeOfAGroup() {
    LoadedPlan loaded =
        load(
            """
            - group: one
              steps:
                - { name: data, restore: logical }
                - { name: up, compose: up }
                - { name: again, compose: restart }
                - { name: page, proxy: maintenance-on }
                - { name: off, proxy: maintenance-off }
            - { group: none, steps: [] }
            - { group: two, name: both, steps: [a] }
            - { run: [x] }
            """);

    assertThat(loaded.problems())
        .extracting(PlanProblem::path)
        .containsExactly(
            "recovery-plans.own.phases[0].steps[0].steps[0].restore",
            "recovery-plans.own.phases[0].steps[0].steps[2].compose",
            "recovery-plans.own.phases[0].steps[0].steps[4].proxy",
            "recovery-plans.own.phases[0].steps[1].steps",
            "recovery-plans.own.phases[0].steps[2]",
            "recovery-plans.own.phases[0].steps[3]");
  }

  @Test
  void stepsAndGroupsHaveOneNameEach() {
    LoadedPlan loaded =
        load(
            """
            - { name: look, probe: 'http://localhost' }
            - { group: look, steps: [call, save] }
            - { group: again, steps: [save] }
            """);

    assertThat(loaded.problems())
        .extracting(PlanProblem::path)
        .containsExactly(
            "recovery-plans.own.phases[0].steps[1].group",
            "recovery-plans.own.phases[0].steps[2].steps[0].name");
  }
}
