package dev.drp.caddy;

import dev.drp.plan.AddressRange;
import dev.drp.plan.Language;
import dev.drp.plan.ProxySettings;
import dev.drp.proxy.Upstream;
import java.security.SecureRandom;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What our file in the Caddyfile says.
 *
 * @param routes sites that are sent elsewhere, by host
 * @param load which load of a configuration it was written for: what our probes are answered with;
 *     empty if none was
 */
record Content(boolean maintenance, SortedMap<String, Upstream> routes, String load) {
  static final Content USUAL = new Content(false, new TreeMap<>(), "");

  /** The header that a probe of ours asks with, and is answered with. */
  static final String PROBE = "Drp-Load";

  /** In the adapted configuration, tells which site imports whose file. */
  static final String MARK = "drp.environment";

  /**
   * Begins the path of our handles. Caddy puts those of the longest path first, and what is in
   * braces is replaced by nothing when a request comes: the first one, for whatever path.
   */
  static final String FIRST = "/{http.vars.drp-handles-come-first-as-caddy-sorts-them-by-length-";

  private static final String BEFORE_ROUTES =
      FIRST + "and-that-of-the-maintenance-page-before-those-of-the-routes-of-the-environment}*";
  private static final String BEFORE_SITE =
      FIRST + "and-those-of-the-routes-before-those-of-the-site}*";
  private static final String HEADER = "# Written by drp for the environment %s.";
  private static final String MAINTENANCE = "# maintenance";
  private static final Pattern LOAD = Pattern.compile("# load ([0-9a-f]{16})");
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Pattern ROUTE = Pattern.compile("# route (\\S+) to (\\S+)");

  Content {
    routes = Collections.unmodifiableSortedMap(new TreeMap<>(routes));
  }

  Content withMaintenance(boolean on) {
    return new Content(on, routes, load);
  }

  /**
   * The same for a load that none was before. Caddy's old and new servers share a port for an
   * instant, and the old one may take a connection then.
   */
  Content withNewLoad() {
    return new Content(maintenance, routes, HexFormat.of().toHexDigits(RANDOM.nextLong()));
  }

  Content withRoute(String host, Upstream upstream) {
    SortedMap<String, Upstream> more = new TreeMap<>(routes);
    more.put(host, upstream);
    return new Content(maintenance, more, load);
  }

  Content withoutRoute(String host) {
    SortedMap<String, Upstream> less = new TreeMap<>(routes);
    less.remove(host);
    return new Content(maintenance, less, load);
  }

  /** What a text says that {@link #text} made; empty for another. */
  static Optional<Content> parse(String text, String environment) {
    if (!text.lines().findFirst().equals(Optional.of(HEADER.formatted(environment)))) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Content(
              text.lines().anyMatch(MAINTENANCE::equals),
              text.lines()
                  .map(ROUTE::matcher)
                  .filter(Matcher::matches)
                  .collect(
                      Collectors.toMap(
                          it -> it.group(1),
                          it -> Upstream.parse(it.group(2)),
                          (one, two) -> two,
                          TreeMap::new)),
              text.lines()
                  .map(LOAD::matcher)
                  .filter(Matcher::matches)
                  .map(it -> it.group(1))
                  .findFirst()
                  .orElse("")));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Directives for a site. */
  String text(String environment, ProxySettings.Maintenance page, Language language) {
    StringBuilder text = new StringBuilder(HEADER.formatted(environment)).append('\n');
    text.append("# What is changed here by hand is lost; `drp proxy` changes it.\n");
    if (maintenance) {
      text.append(MAINTENANCE).append('\n');
    }
    routes.forEach((host, to) -> text.append("# route %s to %s\n".formatted(host, to)));
    text.append("vars %s %s\n".formatted(MARK, environment));
    if (!load.isEmpty()) {
      text.append(
          "# load %1$s\n@drp-load-%1$s header %2$s *\nheader @drp-load-%1$s %2$s %1$s\n"
              .formatted(load, PROBE));
    }
    if (maintenance) {
      text.append(maintenance(page, language));
    }
    int number = 0;
    for (Map.Entry<String, Upstream> route : routes.entrySet()) {
      text.append(route("drp-route-" + ++number, route.getKey(), route.getValue()));
    }
    return text.toString();
  }

  private static String maintenance(ProxySettings.Maintenance page, Language language) {
    String allowed =
        page.allow().isEmpty()
            ? ""
            : page.allow().stream()
                .map(AddressRange::toString)
                .collect(Collectors.joining(" ", "\tnot remote_ip ", "\n"));
    return """
    @drp-visitors {
    \tpath "%s"
    %s}
    handle @drp-visitors {
    \theader Retry-After %d
    \theader Cache-Control no-store
    \theader Content-Type "text/html; charset=utf-8"
    \trespond "<!doctype html><meta charset=utf-8><title>%s</title><h1>%s</h1>" 503
    }
    """
        .formatted(
            BEFORE_ROUTES,
            allowed,
            page.retryAfter().toSeconds(),
            title(language),
            words(language));
  }

  private static String title(Language language) {
    return switch (language) {
      case EN -> "Maintenance";
      case FR -> "Maintenance en cours";
    };
  }

  private static String words(Language language) {
    return switch (language) {
      case EN -> "We are working on this site. Please come back a little later.";
      case FR -> "Nous travaillons sur ce site. Revenez dans quelques instants.";
    };
  }

  private static String route(String name, String host, Upstream upstream) {
    String transport =
        upstream.tls()
            ? " {\n\t\ttransport http {\n\t\t\ttls_server_name " + host + "\n\t\t}\n\t}"
            : "";
    return """
    @%1$s {
    \tpath "%2$s"
    \thost %3$s
    }
    handle @%1$s {
    \treverse_proxy %4$s%5$s
    }
    """
        .formatted(name, BEFORE_SITE, host, upstream, transport);
  }
}
