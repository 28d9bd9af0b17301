package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.Environment;
import dev.drp.probe.HttpProbe;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What the plan's addresses of an environment answer, in the steps that recovery plans are made of.
 */
final class AnswerChecks {
  private static final Duration ANSWER_LIMIT = Duration.ofMinutes(2);
  private static final Duration PROBE_LIMIT = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(200);
  private static final int MEASUREMENTS = 20;

  private final Environment environment;
  private final HttpProbe probe;

  AnswerChecks(Environment environment, HttpProbe probe) {
    this.environment = requireNonNull(environment, "environment");
    this.probe = requireNonNull(probe, "probe");
  }

  /** The service is back once all of the plan's addresses answer. */
  Step checkAnswers() {
    return Step.reading(
            "check-answers",
            environment.health().isEmpty()
                ? "The plan names no address that answers while it is well; only health checks of"
                    + " containers tell."
                : "Asks %s until all answer well."
                    .formatted(
                        environment.health().stream()
                            .map(URI::toString)
                            .collect(Collectors.joining(", "))),
            this::checkAnswers)
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(ANSWER_LIMIT.plusMinutes(1));
  }

  /**
   * The same while looking for what is wrong: it keeps nobody from going on, and proves nothing.
   */
  Step lookAtAnswers() {
    return Step.reading(
            "look-at-answers",
            "Asks the plan's health addresses once.",
            context -> {
              for (URI address : environment.health()) {
                tell(context, address, probe.ask(address, PROBE_LIMIT));
              }
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(ANSWER_LIMIT)
        .onFailure(FailurePolicy.CONTINUE);
  }

  private static void tell(StepContext context, URI address, HttpProbe.Answer answer) {
    context.found(
        Finding.check(
            "answer of " + address,
            "a status of 200 to 299",
            answer.isGood()
                ? "%d in %d ms".formatted(answer.status().orElse(0), answer.took().toMillis())
                : answer.problem(),
            answer.isGood()));
  }

  private void checkAnswers(StepContext context) {
    if (environment.health().isEmpty()) {
      context.found(
          Finding.warning(
              "health",
              "the plan names no address that answers while %s is well"
                  .formatted(environment.name())));
    }
    long deadline = System.nanoTime() + ANSWER_LIMIT.toNanos();
    for (URI address : environment.health()) {
      awaitAnswer(context, address, Duration.ofNanos(deadline - System.nanoTime()));
    }
    context.reached(MeasuringPoint.READY);
  }

  /** Asks until it answers well; SERVICE_UNHEALTHY when it does not in time. */
  void awaitAnswer(StepContext context, URI address, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    HttpProbe.Answer answer = probe.ask(address, PROBE_LIMIT);
    while (!answer.isGood() && System.nanoTime() < deadline) {
      pause();
      answer = probe.ask(address, PROBE_LIMIT);
    }
    tell(context, address, answer);
    if (!answer.isGood()) {
      throw new RecoveryException(
          ErrorCode.SERVICE_UNHEALTHY,
          "%s does not answer well: %s".formatted(address, answer.problem()),
          "the logs of the services of %s may say why.".formatted(environment.name()));
    }
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE.toMillis());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the service to answer", e);
    }
  }

  /**
   * Whether it answers as fast as it should.
   *
   * @param limit of the median
   */
  Step measureAnswers(Optional<Duration> limit) {
    return Step.reading(
            "measure-answers",
            "Asks each of the plan's addresses %d times, one after the other%s."
                .formatted(
                    MEASUREMENTS,
                    limit.map(it -> "; the median may take " + Text.duration(it)).orElse("")),
            context -> {
              List<String> slow = new ArrayList<>();
              for (URI address : environment.health()) {
                Duration median = measure(context, address, limit);
                if (limit.isPresent() && median.compareTo(limit.get()) > 0) {
                  slow.add("%s takes %d ms".formatted(address, median.toMillis()));
                }
              }
              if (!slow.isEmpty()) {
                throw new RecoveryException(
                    ErrorCode.VERIFICATION_FAILED,
                    "it answers too slowly: " + String.join("; ", slow),
                    "the limit is thresholds.response-time of the plan. Resume measures again.");
              }
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(PROBE_LIMIT.multipliedBy((long) MEASUREMENTS * Math.max(1, addresses())));
  }

  private int addresses() {
    return environment.health().size();
  }

  private Duration measure(StepContext context, URI address, Optional<Duration> limit) {
    List<Duration> times = new ArrayList<>();
    for (int i = 0; i < MEASUREMENTS; i++) {
      HttpProbe.Answer answer = probe.ask(address, PROBE_LIMIT);
      if (!answer.isGood()) {
        throw new RecoveryException(
            ErrorCode.SERVICE_UNHEALTHY,
            "%s answered well, and does not any more: %s".formatted(address, answer.problem()),
            "the logs of the services of %s may say why.".formatted(environment.name()));
      }
      times.add(answer.took());
    }
    Collections.sort(times);
    Duration median = nearestRank(times, 50);
    context.found(
        Finding.check(
            "time of " + address,
            limit.map(it -> "a median of %d ms at most".formatted(it.toMillis())).orElse(""),
            "median %d ms, 95th percentile %d ms, of %d"
                .formatted(median.toMillis(), nearestRank(times, 95).toMillis(), times.size()),
            limit.isEmpty() || median.compareTo(limit.get()) <= 0));
    return median;
  }

  private static Duration nearestRank(List<Duration> sorted, int percent) {
    return sorted.get((sorted.size() * percent + 99) / 100 - 1);
  }
}
