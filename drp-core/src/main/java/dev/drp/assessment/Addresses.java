package dev.drp.assessment;

import dev.drp.plan.Environment;
import dev.drp.probe.HttpProbe;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The addresses that an environment is reached by: those that the plan names, and the root of each
 * domain that none of them is of. Those of this machine are told apart from public ones.
 */
final class Addresses {
  private static final int SERVER_ERROR = 500;

  private final Map<URI, Asked<HttpProbe.Answer>> asked = new LinkedHashMap<>();
  private final List<URI> ofDomains = new ArrayList<>();

  /**
   * What an address answered.
   *
   * @param answer empty where nothing came in time
   */
  record Result(URI address, Optional<HttpProbe.Answer> answer, boolean well, String problem) {
    boolean isLocal() {
      return Addresses.isLocal(address);
    }
  }

  Addresses(Environment environment, HttpProbe http, Questions questions) {
    for (Environment.Domain domain : environment.domains()) {
      if (environment.health().stream().noneMatch(it -> domain.name().equals(it.getHost()))) {
        address(domain.name()).ifPresent(ofDomains::add);
      }
    }
    Stream.concat(environment.health().stream(), ofDomains.stream())
        .forEach(
            address ->
                asked.computeIfAbsent(
                    address,
                    it -> questions.ask(it.toString(), () -> http.ask(it, questions.each()))));
  }

  private static Optional<URI> address(String domain) {
    try {
      return Optional.of(URI.create("https://" + domain + "/"));
    } catch (IllegalArgumentException notAName) {
      return Optional.empty(); // the resolver says so
    }
  }

  List<Result> results() {
    return asked.entrySet().stream().map(it -> result(it.getKey(), it.getValue())).toList();
  }

  private Result result(URI address, Asked<HttpProbe.Answer> asked) {
    Asked.Answer<HttpProbe.Answer> answer = asked.answer();
    if (answer.value().isEmpty()) {
      return new Result(address, Optional.empty(), false, answer.problem());
    }
    HttpProbe.Answer given = answer.value().get();
    // Nobody said that the root of a domain has a page; that somebody answers for it is enough.
    boolean well =
        given.isGood()
            || (ofDomains.contains(address)
                && given.status().filter(it -> it < SERVER_ERROR).isPresent());
    return new Result(address, answer.value(), well, well ? "" : given.problem());
  }

  static boolean isLocal(URI address) {
    String host = String.valueOf(address.getHost()).toLowerCase(Locale.ROOT);
    return host.equals("localhost")
        || host.endsWith(".localhost")
        || host.startsWith("127.")
        || host.equals("[::1]");
  }
}
