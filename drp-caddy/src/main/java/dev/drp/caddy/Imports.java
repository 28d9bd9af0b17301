package dev.drp.caddy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ProxyTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/** Whether the Caddyfile imports our file where it should, and only there. */
final class Imports {
  private Imports() {}

  /** Every reason why it does not; none when all is well. */
  static List<String> problems(
      CaddyConfiguration configuration, ProxyTarget target, ProxySettings settings) {
    List<String> problems = new ArrayList<>();
    String line = ProxySettings.importLine(target.environment());
    for (SiteAddress site : settings.sites()) {
      List<CaddyConfiguration.Site> served =
          configuration.sites().stream()
              .filter(it -> it.hosts().contains(site.hostAndPort()))
              .toList();
      if (served.isEmpty()) {
        problems.add("%s has no site %s".formatted(settings.caddyfile(), site));
      } else if (served.stream().anyMatch(it -> !isMarked(it, target.environment()))) {
        problems.add(
            "site %s in %s lacks, as the first line of its block: %s"
                .formatted(site, settings.caddyfile(), line));
      } else if (!served.stream().allMatch(it -> isFirst(it.route()))) {
        problems.add(
            "site %s in %s has a handle before the line that must be the first of its block: %s"
                .formatted(site, settings.caddyfile(), line));
      }
    }
    for (CaddyConfiguration.Site site : configuration.sites()) {
      Set<String> others = new TreeSet<>(target.others(site.hosts()));
      if (isMarked(site, target.environment())
          && (!others.isEmpty() || !target.isOwn(site.hosts()))) {
        problems.add(
            "site %s in %s is not one of %s%s, but has the line: %s"
                .formatted(
                    site.name(),
                    settings.caddyfile(),
                    target.environment(),
                    others.isEmpty() ? "" : " alone",
                    line));
      }
    }
    return problems;
  }

  /** PROXY_NOT_PREPARED with all of them. */
  static void require(
      CaddyConfiguration configuration, ProxyTarget target, ProxySettings settings) {
    List<String> problems = problems(configuration, target, settings);
    if (!problems.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.PROXY_NOT_PREPARED,
          String.join("\n", problems),
          "each site of %s, and no other, begins with the line `%s`; correct the Caddyfile or"
                  .formatted(target.environment(), ProxySettings.importLine(target.environment()))
              + " proxy.sites of the plan.");
    }
  }

  private static boolean isMarked(CaddyConfiguration.Site site, String environment) {
    return StreamSupport.stream(site.route().findParents(Content.MARK).spliterator(), false)
        .anyMatch(it -> it.path(Content.MARK).asText().equals(environment));
  }

  /** Whether no other handle of a group comes before ours, which would never be asked then. */
  private static boolean isFirst(JsonNode node) {
    Set<String> groups = new TreeSet<>();
    for (JsonNode element : node) {
      if (!isFirst(element)) {
        return false;
      }
      String group = element.path("group").asText();
      boolean ours =
          StreamSupport.stream(element.path("match").spliterator(), false)
              .flatMap(it -> StreamSupport.stream(it.path("path").spliterator(), false))
              .map(JsonNode::asText)
              .anyMatch(path -> path.startsWith(Content.FIRST));
      if (ours && groups.contains(group)) {
        return false;
      }
      if (!ours && !group.isEmpty()) {
        groups.add(group);
      }
    }
    return true;
  }
}
