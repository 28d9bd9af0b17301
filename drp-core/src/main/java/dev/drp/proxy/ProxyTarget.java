package dev.drp.proxy;

import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.Language;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The part of a reverse proxy that belongs to an environment.
 *
 * @param sitesOfOthers sites of the same proxy, each with its environment
 * @param language of what visitors read
 */
public record ProxyTarget(
    String environment,
    ProxySettings settings,
    Map<SiteAddress, String> sitesOfOthers,
    Language language) {
  public ProxyTarget {
    sitesOfOthers = Map.copyOf(sitesOfOthers);
  }

  /**
   * That of an environment of a plan; NOT_IN_PLAN where there is none.
   *
   * <p>Others share the proxy if they are on the same site and name the same configuration file. A
   * site that both claim is not another's.
   */
  public static ProxyTarget of(ContingencyPlan plan, String environment) {
    Environment own = plan.environment(environment);
    ProxySettings settings = own.requireProxy();
    return new ProxyTarget(
        environment,
        settings,
        plan.environments().values().stream()
            .filter(it -> !it.name().equals(environment) && it.site().equals(own.site()))
            .filter(
                it ->
                    it.proxy()
                        .filter(proxy -> proxy.caddyfile().equals(settings.caddyfile()))
                        .isPresent())
            .flatMap(
                it -> it.requireProxy().sites().stream().map(site -> Map.entry(site, it.name())))
            .filter(it -> !settings.sites().contains(it.getKey()))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, (one, two) -> one)),
        plan.language());
  }

  /** Whether one of these sites, given as host and port, belongs to the environment. */
  public boolean isOwn(Collection<String> sites) {
    return settings.sites().stream().anyMatch(site -> sites.contains(site.hostAndPort()));
  }

  /** Which other environments these sites, given as host and port, belong to. */
  public Set<String> others(Collection<String> sites) {
    return sitesOfOthers.entrySet().stream()
        .filter(it -> sites.contains(it.getKey().hostAndPort()))
        .map(Map.Entry::getValue)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
