package dev.drp.assessment;

import dev.drp.assessment.Reading.Section;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.Thresholds;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerLoad;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.EngineDiskUsage;
import dev.drp.runtime.Volume;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The container engine, and the Compose project of an environment. */
final class ContainerReadings {
  private final Environment environment;
  private final Thresholds thresholds;
  private final Surroundings surroundings;
  private final Questions questions;
  private final Asked<List<Container>> containers;
  private final Asked<List<Volume>> volumes;
  private final Asked<EngineDiskUsage> usage;
  private final Optional<Asked<ComposeConfiguration>> configuration;

  ContainerReadings(
      ContingencyPlan plan,
      Environment environment,
      Surroundings surroundings,
      Questions questions) {
    this.environment = environment;
    this.thresholds = plan.thresholds();
    this.surroundings = surroundings;
    this.questions = questions;
    Supplier<ContainerRuntime> engine = surroundings.engine();
    containers = questions.ask("containers", () -> engine.get().containers());
    volumes = questions.ask("volumes", () -> engine.get().volumes());
    usage = questions.ask("disk usage of the engine", () -> engine.get().diskUsage());
    Optional<Supplier<ComposeProject>> project = surroundings.project(environment);
    configuration =
        project.map(it -> questions.ask("Compose files", () -> it.get().configuration()));
  }

  /** Those of the environment's project, without one-off runs. */
  List<Container> ofProject() {
    return containers
        .value()
        .map(all -> all.stream().filter(it -> isOf(environment, it)).toList())
        .orElse(List.of());
  }

  static boolean isOf(Environment environment, Container container) {
    return !container.isOneOff()
        && environment.compose().isPresent()
        && container
            .composeProject()
            .equals(environment.compose().map(compose -> compose.project()));
  }

  Asked.Answer<List<Container>> containers() {
    return containers.answer();
  }

  Asked.Answer<List<Volume>> volumes() {
    return volumes.answer();
  }

  /** What the Compose files say; empty where the environment has none. */
  Optional<Asked.Answer<ComposeConfiguration>> configurationAnswer() {
    return configuration.map(Asked::answer);
  }

  /** What the Compose files say; empty where that is not known. */
  Optional<ComposeConfiguration> configuration() {
    return configuration.flatMap(Asked::value);
  }

  List<ServiceState> services() {
    return containers.value().isEmpty()
        ? List.of()
        : ServiceState.all(configuration(), ofProject());
  }

  List<Reading> files() {
    if (configuration.isEmpty()) {
      return List.of();
    }
    Asked.Answer<ComposeConfiguration> answer = configuration.get().answer();
    String subject =
        "Compose files in %s".formatted(environment.compose().orElseThrow().directory());
    return List.of(
        answer
            .value()
            .map(
                it ->
                    Reading.good(
                        Section.CONFIGURATION,
                        subject,
                        "accepted, %d services".formatted(it.services().size())))
            .orElseGet(() -> Reading.failed(Section.CONFIGURATION, subject, answer)));
  }

  List<Reading> engine() {
    Asked.Answer<List<Container>> answer = containers.answer();
    if (answer.value().isEmpty()) {
      return List.of(
          new Reading(
              Section.CONTAINERS,
              "engine",
              answer.problem(),
              "",
              answer.isLate() ? Reading.State.UNKNOWN : Reading.State.BAD,
              answer.hint().isEmpty() ? "start it: systemctl start docker." : answer.hint(),
              List.of()));
    }
    long running = answer.value().get().stream().filter(Container::running).count();
    return List.of(
        Reading.good(
            Section.CONTAINERS,
            "engine",
            "answers; %d of %d containers run".formatted(running, answer.value().get().size())));
  }

  List<Reading> states() {
    return services().stream()
        .map(
            it ->
                it.up()
                    ? Reading.good(Section.CONTAINERS, "service " + it.service(), it.value())
                    : Reading.bad(
                        Section.CONTAINERS,
                        "service " + it.service(),
                        it.value(),
                        "its last log lines are below; `drp assess %s` says which recovery plan"
                                .formatted(environment.name())
                            + " fits."))
        .toList();
  }

  /** Asks for the load of each; the engine measures for a second or two. */
  Supplier<List<Reading>> askLoads() {
    Map<String, Asked<ContainerLoad>> loads = new LinkedHashMap<>();
    for (Container container : ofProject()) {
      if (container.running()) {
        loads.put(
            container.name(),
            questions.ask(
                "load of " + container.name(), () -> surroundings.engine().get().load(container)));
      }
    }
    return () -> {
      List<Reading> readings = new ArrayList<>();
      loads.forEach((name, asked) -> readings.add(load(name, asked.answer())));
      return readings;
    };
  }

  private Reading load(String name, Asked.Answer<ContainerLoad> answer) {
    String subject = "load of " + name;
    if (answer.value().isEmpty()) {
      return Reading.failed(Section.CONTAINERS, subject, answer);
    }
    ContainerLoad load = answer.value().get();
    return Reading.judged(
        Section.CONTAINERS,
        subject,
        "%.2f processors, %s of memory: %s of its limit"
            .formatted(
                load.processors(),
                Amount.bytes(load.memoryBytes()),
                Amount.percent(load.memoryShare())),
        thresholds.memory().map(it -> "at most %s of memory".formatted(it)).orElse(""),
        Amount.within(load.memoryShare(), thresholds.memory()),
        "look what it does, or give it more.");
  }

  List<Reading> usage() {
    Asked.Answer<EngineDiskUsage> answer = usage.answer();
    if (answer.value().isEmpty()) {
      return containers.value().isEmpty()
          ? List.of() // that the engine does not answer is said once
          : List.of(
              Reading.unknown(
                  Section.CONTAINERS, "disk usage", answer.problem(), "docker system df -v"));
    }
    EngineDiskUsage usage = answer.value().get();
    return List.of(
        use("images", usage.images()),
        use("containers", usage.containers()),
        use("volumes", usage.volumes()),
        use("build cache", usage.buildCache()));
  }

  private static Reading use(String what, EngineDiskUsage.Use use) {
    return Reading.good(
        Section.CONTAINERS,
        "disk usage of " + what,
        "%d, %s, of which unused %s"
            .formatted(use.count(), Amount.bytes(use.bytes()), Amount.bytes(use.unusedBytes())));
  }
}
