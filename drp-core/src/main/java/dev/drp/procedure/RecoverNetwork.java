package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.Environment;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.probe.NameResolver.Resolution;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.MeasuringPoint;
import dev.drp.recovery.Mode;
import dev.drp.recovery.RecoveryPlan;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Visitors do not reach a service that is well: names are asked for everywhere, what is local is
 * told apart from what is public, and the reverse proxy is validated and restarted.
 */
final class RecoverNetwork {
  static final String NAME = "network";
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final Environment environment;
  private final Optional<String> address;
  private final List<String> nameServers;
  private final NameResolver resolver;
  private final HttpProbe probe;

  /**
   * @param address what names of the environment lead to while its site serves
   * @param nameServers asked beside those of this machine
   */
  RecoverNetwork(
      Environment environment,
      Optional<String> address,
      List<String> nameServers,
      NameResolver resolver,
      HttpProbe probe) {
    this.environment = requireNonNull(environment, "environment");
    this.address = requireNonNull(address, "address");
    this.nameServers = List.copyOf(nameServers);
    this.resolver = requireNonNull(resolver, "resolver");
    this.probe = requireNonNull(probe, "probe");
  }

  RecoveryPlan plan(RecoveryPlan.Builder builder, Shares shares, Stack stack, ProxySteps proxy) {
    return builder
        .inPlace()
        .phase(
            "diagnose",
            shares.of(20),
            stack.requireUnprotected(Mode.DRILL),
            resolveNames(),
            stack.answers().lookAtAnswers(),
            proxy.check())
        .phase("proxy", shares.of(40), proxy.restartWhereNeeded())
        .phase("validate", shares.of(40), checkPublic())
        .whatStands(any -> "Services and data were not touched.")
        .build();
  }

  private List<String> names() {
    return environment.domains().stream().map(Environment.Domain::name).toList();
  }

  private List<String> servers() {
    List<String> servers = new ArrayList<>(List.of(NameResolver.SYSTEM));
    servers.addAll(nameServers);
    return servers;
  }

  private Step resolveNames() {
    return Step.reading(
            "resolve-names",
            "Asks %s for the addresses of %s."
                .formatted(
                    String.join(", ", servers()),
                    names().isEmpty()
                        ? "no name: the plan has no domains"
                        : String.join(", ", names())),
            context -> {
              Set<String> expected = expected();
              for (String name : names()) {
                for (String server : servers()) {
                  tell(context, resolver.resolve(name, server, LIMIT), expected);
                }
              }
            })
        .within(Duration.ofMinutes(2))
        .onFailure(FailurePolicy.CONTINUE);
  }

  /** Of the site's address, where it is another name than those that are asked for. */
  private Set<String> expected() {
    return address
        .filter(it -> !names().contains(it))
        .map(it -> resolver.resolve(it, NameResolver.SYSTEM, LIMIT).addresses())
        .map(TreeSet::new)
        .orElseGet(TreeSet::new);
  }

  private static void tell(StepContext context, Resolution resolution, Set<String> expected) {
    String subject = "%s, asked of %s".formatted(resolution.name(), resolution.server());
    if (resolution.addresses().isEmpty()) {
      context.found(Finding.check(subject, "an address", resolution.problem(), false));
      return;
    }
    boolean met = expected.isEmpty() || expected.containsAll(resolution.addresses());
    context.found(
        Finding.check(
            subject,
            expected.isEmpty() ? "an address" : String.join(", ", expected),
            String.join(", ", resolution.addresses()),
            met));
  }

  /** From outside is what visitors get; from here, it goes the same way through the names. */
  private Step checkPublic() {
    return Step.reading(
            "check-public",
            "Asks %s as visitors do, by their names."
                .formatted(
                    names().isEmpty()
                        ? "nothing: the plan has no domains"
                        : String.join(", ", names())),
            context -> {
              List<String> bad = new ArrayList<>();
              for (String name : names()) {
                HttpProbe.Answer answer =
                    probe.ask(URI.create("https://%s/".formatted(name)), LIMIT.multipliedBy(2));
                context.found(
                    Finding.check(
                        "public " + answer.address(),
                        "a status of 200 to 299",
                        answer.isGood()
                            ? "%d".formatted(answer.status().orElse(0))
                            : answer.problem(),
                        answer.isGood()));
                if (!answer.isGood()) {
                  bad.add("%s: %s".formatted(name, answer.problem()));
                }
              }
              if (!bad.isEmpty()) {
                throw new RecoveryException(
                    ErrorCode.SERVICE_UNHEALTHY,
                    "visitors do not get well what answers well here: " + String.join("; ", bad),
                    "compare what name servers say with the site's address; then routes, firewall"
                        + " and certificates are left.");
              }
              context.reached(MeasuringPoint.READY);
            })
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(Duration.ofMinutes(3));
  }
}
