package dev.drp.proxy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ConfigurationChange.Kind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * A reverse proxy in memory, which environments share. Sites answer a status and a text; what the
 * test changes in {@link #edit} is in the file until somebody applies it.
 */
public final class FakeProxyServer implements ReverseProxies {
  /** A site's answer. */
  public record Answer(int status, String text) {
    @Override
    public String toString() {
      return status + " " + text;
    }
  }

  private record Own(boolean maintenance, Map<String, Upstream> routes) {
    Own {
      routes = Map.copyOf(routes);
    }
  }

  private final Map<String, Answer> file = new TreeMap<>();
  private final Map<String, Own> own = new HashMap<>();
  private final Map<Upstream, Answer> upstreams = new HashMap<>();
  private final Map<String, String> environments = new HashMap<>();
  private final Set<String> unprepared = new HashSet<>();
  private Map<String, Answer> running = new TreeMap<>();
  private boolean isUp;
  private boolean isValid = true;

  /** What the file says of a site, prepared for its environment. */
  public void edit(String host, int status, String text) {
    file.put(host, new Answer(status, text));
  }

  public void upstream(Upstream upstream, int status, String text) {
    upstreams.put(upstream, new Answer(status, text));
  }

  public void breakFile() {
    isValid = false;
  }

  public void mendFile() {
    isValid = true;
  }

  public void removeImport(String host) {
    unprepared.add(host);
  }

  public void kill() {
    isUp = false;
  }

  public void start() {
    isUp = isValid;
    running = wanted();
  }

  /** What a visitor gets; empty if nobody answers. */
  public String visit(String host) {
    Answer answer = running.get(host);
    return isUp && answer != null ? answer.toString() : "";
  }

  private Map<String, Answer> wanted() {
    Map<String, Answer> wanted = new TreeMap<>();
    file.forEach(
        (host, answer) -> {
          Own said =
              own.getOrDefault(environments.getOrDefault(host, ""), new Own(false, Map.of()));
          Upstream route = said.routes().get(host);
          wanted.put(
              host,
              unprepared.contains(host)
                  ? answer
                  : said.maintenance()
                      ? new Answer(503, "maintenance")
                      : route == null
                          ? answer
                          : upstreams.getOrDefault(route, new Answer(502, "")));
        });
    return wanted;
  }

  @Override
  public ReverseProxy of(ProxyTarget target) {
    target.settings().sites().forEach(site -> environments.put(site.host(), target.environment()));
    target.sitesOfOthers().forEach((site, other) -> environments.put(site.host(), other));
    return new OfEnvironment(target);
  }

  private final class OfEnvironment implements ReverseProxy {
    private final ProxyTarget target;

    private OfEnvironment(ProxyTarget target) {
      this.target = target;
    }

    @Override
    public ConfigurationCheck check() {
      requireUp();
      requireValid();
      return new ConfigurationCheck(
          changes(wanted()),
          List.of(),
          hosts().stream().filter(unprepared::contains).map(this::lacks).toList());
    }

    private String lacks(String host) {
      return "site %s lacks: %s".formatted(host, ProxySettings.importLine(target.environment()));
    }

    private List<String> hosts() {
      return target.settings().sites().stream().map(SiteAddress::host).toList();
    }

    private List<ConfigurationChange> changes(Map<String, Answer> wanted) {
      List<ConfigurationChange> changes = new ArrayList<>();
      wanted.forEach(
          (host, answer) -> {
            if (!answer.equals(running.get(host))) {
              changes.add(new ConfigurationChange(Kind.CHANGED, host, List.of(host), List.of()));
            }
          });
      return changes;
    }

    @Override
    public List<ConfigurationChange> apply(Reach reach) {
      return change(said(), reach, false);
    }

    @Override
    public List<ConfigurationChange> startMaintenance() {
      return change(new Own(true, said().routes()), Reach.OWN_SITES, true);
    }

    @Override
    public List<ConfigurationChange> endMaintenance() {
      return change(new Own(false, said().routes()), Reach.OWN_SITES, true);
    }

    @Override
    public List<ConfigurationChange> route(String host, Upstream upstream) {
      requireSite(host);
      Map<String, Upstream> routes = new HashMap<>(said().routes());
      routes.put(host, upstream);
      return change(new Own(said().maintenance(), routes), Reach.OWN_SITES, true);
    }

    @Override
    public List<ConfigurationChange> routeAsConfigured(String host) {
      requireSite(host);
      Map<String, Upstream> routes = new HashMap<>(said().routes());
      routes.remove(host);
      return change(new Own(said().maintenance(), routes), Reach.OWN_SITES, true);
    }

    private Own said() {
      return own.getOrDefault(target.environment(), new Own(false, Map.of()));
    }

    private List<ConfigurationChange> change(Own next, Reach reach, boolean onlyOwn) {
      requireUp();
      Own before = said();
      Map<String, Answer> ran = running;
      own.put(target.environment(), next);
      try {
        requireValid();
        for (String host : hosts()) {
          if (unprepared.contains(host)) {
            throw failed(ErrorCode.PROXY_NOT_PREPARED, lacks(host));
          }
        }
        Map<String, Answer> wanted = wanted();
        if (onlyOwn) {
          wanted.keySet().removeIf(host -> !hosts().contains(host));
        } else {
          requireOthersUntouched(reach);
        }
        List<ConfigurationChange> changes = changes(wanted);
        Map<String, Answer> loaded = new TreeMap<>(running);
        loaded.putAll(wanted);
        running = loaded;
        probe();
        return changes;
      } catch (RecoveryException e) {
        own.put(target.environment(), before);
        running = ran;
        throw e;
      }
    }

    private void probe() {
      for (String host : hosts()) {
        Answer answer = running.get(host);
        if (!said().maintenance() && (answer == null || answer.status() >= 500)) {
          throw failed(
              ErrorCode.PROXY_PROBE_FAILED,
              "%s answers %s\nthe previous configuration serves again".formatted(host, answer));
        }
      }
    }

    private void requireOthersUntouched(Reach reach) {
      for (ConfigurationChange change : changes(wanted())) {
        if (reach == Reach.OWN_SITES && !hosts().contains(change.what())) {
          throw failed(
              ErrorCode.REFUSED,
              "%s of %s would change".formatted(change.what(), environments.get(change.what())));
        }
      }
    }

    private void requireUp() {
      if (!isUp) {
        throw failed(ErrorCode.PROXY_UNAVAILABLE, "the proxy is down");
      }
    }

    private void requireValid() {
      if (!isValid) {
        throw failed(ErrorCode.PROXY_INVALID, "the file has an error");
      }
    }

    private void requireSite(String host) {
      if (!hosts().contains(host)) {
        throw failed(ErrorCode.NOT_IN_PLAN, "%s is none of %s".formatted(host, hosts()));
      }
    }

    private RecoveryException failed(ErrorCode code, String problem) {
      return new RecoveryException(code, problem, "this is a fake.");
    }

    @Override
    public void restart(Reach reach) {
      requireValid();
      if (isUp) {
        requireOthersUntouched(reach);
      }
      start();
      probe();
    }

    @Override
    public ProxyStatus status() {
      List<ProxyStatus.Site> sites =
          target.settings().sites().stream()
              .map(
                  site ->
                      new ProxyStatus.Site(
                          site,
                          isUp && running.containsKey(site.host())
                              ? OptionalInt.of(running.get(site.host()).status())
                              : OptionalInt.empty(),
                          Optional.empty()))
              .toList();
      return new ProxyStatus(
          said().maintenance(),
          said().routes(),
          isUp && isValid ? Optional.of(check()) : Optional.empty(),
          sites,
          List.of(),
          isUp ? List.of() : List.of("the proxy is down"));
    }
  }
}
