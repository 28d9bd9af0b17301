package dev.drp.proxy;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.SiteAddress;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * How the proxy of an environment is.
 *
 * @param maintenance whether the configuration file says that visitors get the maintenance page
 * @param routes sites that are sent elsewhere, by host
 * @param configuration what the server makes of its file; empty if that cannot be told
 * @param upstreams where the environment's sites send requests; empty if that cannot be told
 * @param problems what is not as it should be
 */
public record ProxyStatus(
    boolean maintenance,
    Map<String, Upstream> routes,
    Optional<ConfigurationCheck> configuration,
    List<Site> sites,
    List<UpstreamHealth> upstreams,
    List<String> problems) {
  /**
   * A site, as it answers.
   *
   * @param status of an HTTP request for its root; empty if there was no answer
   * @param certificate what it was served with; empty without TLS or an answer
   */
  public record Site(
      SiteAddress address, OptionalInt status, Optional<ServedCertificate> certificate) {
    public Site {
      requireNonNull(status, "status");
      requireNonNull(certificate, "certificate");
    }
  }

  /**
   * A place that requests are sent to.
   *
   * @param requests that it works on at present, by the server's count
   * @param fails failures that the server remembers
   * @param reachable whether it accepts a connection from this machine; empty if that means nothing
   */
  public record UpstreamHealth(
      String address, long requests, long fails, Optional<Boolean> reachable) {}

  public ProxyStatus {
    routes = Collections.unmodifiableMap(new TreeMap<>(routes));
    requireNonNull(configuration, "configuration");
    sites = List.copyOf(sites);
    upstreams = List.copyOf(upstreams);
    problems = List.copyOf(problems);
  }
}
