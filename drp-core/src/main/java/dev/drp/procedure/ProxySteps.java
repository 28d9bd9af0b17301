package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.proxy.ConfigurationChange;
import dev.drp.proxy.ConfigurationCheck;
import dev.drp.proxy.ProxyStatus;
import dev.drp.proxy.ReverseProxy;
import dev.drp.proxy.ReverseProxy.Reach;
import dev.drp.recovery.FailurePolicy;
import dev.drp.recovery.Finding;
import dev.drp.recovery.Mode;
import dev.drp.recovery.Step;
import dev.drp.recovery.StepContext;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** The reverse proxy of an environment, in the steps that recovery plans are made of. */
final class ProxySteps {
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private final Optional<Supplier<ReverseProxy>> proxy;
  private final boolean canRestart;

  /**
   * @param proxy absent where the plan names none
   * @param canRestart whether the plan says how
   */
  ProxySteps(Optional<Supplier<ReverseProxy>> proxy, boolean canRestart) {
    this.proxy = requireNonNull(proxy, "proxy");
    this.canRestart = canRestart;
  }

  private Optional<ReverseProxy> proxy(StepContext context) {
    if (proxy.isEmpty()) {
      context.found(Finding.warning("proxy", "the environment has none in the plan"));
    }
    return proxy.map(Supplier::get);
  }

  /** A page for visitors; that it fails keeps nobody from recovering. */
  Step startMaintenance() {
    return startMaintenance("maintenance-on");
  }

  /** The same by another name. */
  Step startMaintenance(String name) {
    return Step.changing(
            name,
            "Gives visitors the maintenance page.",
            context -> proxy(context).ifPresent(it -> tell(context, it.startMaintenance())))
        .probe(DatabaseRestore::repeatable)
        .undo(
            "Gives visitors the sites again.",
            context -> proxy.ifPresent(it -> it.get().endMaintenance()))
        .within(LIMIT)
        .onFailure(FailurePolicy.CONTINUE);
  }

  Step endMaintenance() {
    return endMaintenance("maintenance-off");
  }

  /** The same by another name. */
  Step endMaintenance(String name) {
    return Step.changing(
            name,
            "Gives visitors the sites again.",
            context -> proxy(context).ifPresent(it -> tell(context, it.endMaintenance())))
        .probe(DatabaseRestore::repeatable)
        .within(LIMIT);
  }

  Step apply(String name) {
    return Step.changing(
            name,
            "Brings what the proxy's configuration file says into the proxy; where its sites do not"
                + " answer then, it has again what it had before.",
            context -> proxy(context).ifPresent(it -> tell(context, it.apply(Reach.OWN_SITES))))
        .probe(DatabaseRestore::repeatable)
        .within(LIMIT);
  }

  /** Changes nothing. */
  Step check() {
    return Step.reading(
            "check-proxy",
            "Has the proxy check its configuration file, and asks it for its sites, upstreams and"
                + " certificates.",
            context ->
                proxy(context)
                    .ifPresent(
                        it -> {
                          ProxyStatus status = it.status();
                          status
                              .configuration()
                              .map(ConfigurationCheck::changes)
                              .ifPresent(changes -> tellOfDifference(context, changes));
                          status
                              .problems()
                              .forEach(problem -> context.found(Finding.warning("proxy", problem)));
                          status.sites().forEach(site -> tell(context, site));
                        }))
        .within(LIMIT)
        .onFailure(FailurePolicy.CONTINUE);
  }

  private static void tellOfDifference(StepContext context, List<ConfigurationChange> changes) {
    context.found(
        Finding.check(
            "proxy's configuration",
            "as its file says",
            changes.isEmpty() ? "as its file says" : "%d differences".formatted(changes.size()),
            changes.isEmpty()));
  }

  private static void tell(StepContext context, ProxyStatus.Site site) {
    boolean answers = site.status().isPresent() && site.status().getAsInt() < 500;
    context.found(
        Finding.check(
            "site " + site.address(),
            "an answer",
            site.status().isPresent() ? "status " + site.status().getAsInt() : "no answer",
            answers));
  }

  private static void tell(StepContext context, List<ConfigurationChange> changes) {
    context.found(
        Finding.check("proxy", "", "%d changes of its sites".formatted(changes.size()), true));
  }

  /** Only where something is wrong with it: other environments may be behind it. */
  Step restartWhereNeeded() {
    return restart("restart-proxy", true);
  }

  Step restart(String name, boolean onlyWhereNeeded) {
    return Step.changing(
            name,
            onlyWhereNeeded
                ? "Restarts the proxy by the plan's command, if it or one of the sites does not"
                    + " answer."
                : "Restarts the proxy by the plan's command.",
            context -> proxy(context).ifPresent(it -> restart(context, it, onlyWhereNeeded)))
        .probe(DatabaseRestore::repeatable)
        .in(Mode.DRILL, Mode.RECOVERY)
        .within(LIMIT);
  }

  private void restart(StepContext context, ReverseProxy it, boolean onlyWhereNeeded) {
    ProxyStatus status = it.status();
    List<String> problems = status.problems();
    boolean answers =
        status.configuration().isPresent()
            && status.sites().stream().allMatch(site -> site.status().isPresent());
    if (onlyWhereNeeded && answers) {
      context.found(Finding.check("proxy", "", "answers, and was left alone", true));
      return;
    }
    if (!canRestart) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "the proxy needs a restart (%s), and the plan does not say how"
              .formatted(String.join("; ", problems)),
          "restart it by hand, and add proxy.restart to the plan.");
    }
    it.restart(Reach.OWN_SITES);
    context.found(Finding.check("proxy", "", "was restarted, and its sites answer", true));
  }
}
