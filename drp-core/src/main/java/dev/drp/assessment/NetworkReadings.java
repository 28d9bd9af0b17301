package dev.drp.assessment;

import dev.drp.assessment.Reading.Section;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.probe.NameResolver;
import dev.drp.runtime.ComposeConfiguration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Ports, names and addresses of an environment. */
final class NetworkReadings {
  private final Environment environment;
  private final Optional<Duration> longest;
  private final Addresses addresses;
  private final Asked<Map<Integer, String>> listening;
  private final Map<String, Asked<NameResolver.Resolution>> names = new LinkedHashMap<>();

  NetworkReadings(
      ContingencyPlan plan,
      Environment environment,
      Surroundings surroundings,
      Questions questions) {
    this.environment = environment;
    this.longest = plan.thresholds().responseTime();
    this.addresses = new Addresses(environment, surroundings.http(), questions);
    this.listening = questions.ask("ports", surroundings.machine()::listening);
    for (Environment.Domain domain : environment.domains()) {
      names.put(
          domain.name(),
          questions.ask(
              domain.name(),
              () ->
                  surroundings
                      .names()
                      .resolve(domain.name(), NameResolver.SYSTEM, questions.each())));
    }
  }

  /**
   * @param configuration of its Compose project; empty where it is not known
   */
  List<Reading> readings(Optional<ComposeConfiguration> configuration) {
    List<Reading> readings = new ArrayList<>();
    ports(configuration).forEach((port, owner) -> readings.add(port(port, owner)));
    names.forEach((name, asked) -> readings.add(name(name, asked)));
    addresses.results().forEach(it -> readings.add(address(it)));
    return readings;
  }

  List<Addresses.Result> addresses() {
    return addresses.results();
  }

  /** Ports of this machine that should be listened on, with what they lead to. */
  private Map<Integer, String> ports(Optional<ComposeConfiguration> configuration) {
    Map<Integer, String> ports = new TreeMap<>();
    configuration.ifPresent(
        it ->
            it.services()
                .forEach(
                    (name, service) ->
                        service
                            .publishedPorts()
                            .forEach(port -> ports.put(port, "service " + name))));
    environment
        .domains()
        .forEach(it -> it.port().ifPresent(port -> ports.putIfAbsent(port, it.name())));
    environment.ports().stream()
        .filter(NetworkReadings::isOnThisMachine)
        .forEach(it -> ports.putIfAbsent(it.port(), it.service()));
    return ports;
  }

  static boolean isOnThisMachine(Environment.ServicePort port) {
    return port.where()
        .map(it -> it.equals("localhost") || it.startsWith("127.") || it.equals("::1"))
        .orElse(true);
  }

  private Reading port(int port, String owner) {
    String subject = "port %d of %s".formatted(port, owner);
    Asked.Answer<Map<Integer, String>> answer = listening.answer();
    if (answer.value().isEmpty()) {
      return Reading.unknown(Section.NETWORK, subject, answer.problem(), answer.hint());
    }
    String program = answer.value().get().get(port);
    if (program == null) {
      return Reading.bad(
          Section.NETWORK, subject, "nobody listens", "see how its service is, below.");
    }
    return Reading.good(
        Section.NETWORK, subject, program.isEmpty() ? "open" : "open, by " + program);
  }

  private static Reading name(String name, Asked<NameResolver.Resolution> asked) {
    Asked.Answer<NameResolver.Resolution> answer = asked.answer();
    String subject = "name " + name;
    if (answer.value().isEmpty()) {
      return Reading.failed(Section.NETWORK, subject, answer);
    }
    NameResolver.Resolution resolution = answer.value().get();
    return resolution.addresses().isEmpty()
        ? Reading.bad(
            Section.NETWORK,
            subject,
            resolution.problem(),
            "ask other name servers, and look at the zone with its provider.")
        : Reading.good(Section.NETWORK, subject, String.join(", ", resolution.addresses()));
  }

  private Reading address(Addresses.Result result) {
    String subject = result.address().toString();
    if (result.answer().isEmpty()) {
      return Reading.unknown(Section.NETWORK, subject, result.problem(), "");
    }
    if (!result.well()) {
      return Reading.bad(
          Section.NETWORK,
          subject,
          result.problem(),
          result.isLocal()
              ? "look at the service behind it, and at its log."
              : "compare with the addresses of this machine: if these are well, it is the proxy,"
                  + " the network or the name.");
    }
    Duration took = result.answer().get().took();
    return Reading.judged(
        Section.NETWORK,
        subject,
        "%s in %s"
            .formatted(
                result.answer().get().status().map(String::valueOf).orElse("answers"),
                Amount.millis(took)),
        longest.map(it -> "at most " + Amount.millis(it)).orElse(""),
        longest.filter(it -> took.compareTo(it) > 0).isEmpty(),
        "look which part is slow: the database's answer time is below.");
  }
}
