package dev.drp.caddy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drp.proxy.ConfigurationChange;
import dev.drp.proxy.ConfigurationChange.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A configuration of Caddy in its JSON. Two are equal if they do the same: Caddy numbers the groups
 * of handles through all sites, which are numbered anew within each site here.
 */
final class CaddyConfiguration {
  private static final String GENERAL = "general";
  private static final String GROUP = "group";
  private static final int MOST_DETAILS = 20;

  /** Their values help, and are never secrets. */
  private static final Set<String> SHOWN =
      Set.of("dial", "listen", "host", "path", "status_code", "root", "handler", "uri");

  private final JsonNode json;

  CaddyConfiguration(JsonNode json) {
    this.json = json.isObject() ? json : JsonNodeFactory.instance.objectNode();
  }

  /**
   * A site: a route at the top of a server.
   *
   * @param key tells it from others: listeners and matchers
   * @param hosts as host and port
   */
  record Site(String key, Set<String> hosts, JsonNode route) {
    String name() {
      return hosts.isEmpty() ? key : String.join(", ", hosts);
    }

    private JsonNode normalized() {
      return numberedAnew(route, new HashMap<>());
    }
  }

  String json() {
    return json.toString();
  }

  /** Where the admin API listens, and who may use it. */
  JsonNode admin() {
    return json.path("admin");
  }

  List<Site> sites() {
    List<Site> sites = new ArrayList<>();
    for (JsonNode server : json.path("apps").path("http").path("servers")) {
      for (JsonNode route : server.path("routes")) {
        sites.add(site(server, route));
      }
    }
    return sites;
  }

  private static Site site(JsonNode server, JsonNode route) {
    Set<String> hosts = new TreeSet<>();
    for (JsonNode matcher : route.path("match")) {
      for (JsonNode host : matcher.path("host")) {
        for (JsonNode listener : server.path("listen")) {
          String address = listener.asText();
          hosts.add(host.asText() + address.substring(Math.max(0, address.lastIndexOf(':'))));
        }
      }
    }
    return new Site(server.path("listen") + " " + route.path("match"), hosts, route);
  }

  /**
   * This one with those of its sites replaced by another's of the same key; empty if either has a
   * site of these that the other does not have, or in two places.
   */
  Optional<CaddyConfiguration> withSitesOf(
      CaddyConfiguration other, Predicate<Collection<String>> which) {
    Map<String, JsonNode> own = byKey(which);
    Map<String, JsonNode> others = other.byKey(which);
    if (!own.keySet().equals(others.keySet()) || own.size() != count(which)) {
      return Optional.empty();
    }
    ObjectNode copy = json.deepCopy();
    for (JsonNode server : copy.path("apps").path("http").path("servers")) {
      if (server.path("routes") instanceof ArrayNode routes) {
        for (int i = 0; i < routes.size(); i++) {
          JsonNode replacement = others.get(site(server, routes.get(i)).key());
          if (replacement != null) {
            routes.set(i, replacement);
          }
        }
      }
    }
    return Optional.of(new CaddyConfiguration(copy));
  }

  private Map<String, JsonNode> byKey(Predicate<Collection<String>> which) {
    Map<String, JsonNode> routes = new LinkedHashMap<>();
    sites().stream()
        .filter(site -> which.test(site.hosts()))
        .forEach(site -> routes.put(site.key(), site.route()));
    return routes;
  }

  private long count(Predicate<Collection<String>> which) {
    return sites().stream().filter(site -> which.test(site.hosts())).count();
  }

  /** What would become another if {@code next} were loaded in place of this one. */
  List<ConfigurationChange> changesTo(CaddyConfiguration next) {
    List<ConfigurationChange> changes = new ArrayList<>();
    Map<String, List<Site>> before = sitesByKey();
    Map<String, List<Site>> after = next.sitesByKey();
    Set<String> keys = new LinkedHashSet<>(before.keySet());
    keys.addAll(after.keySet());
    for (String key : keys) {
      List<Site> was = before.getOrDefault(key, List.of());
      List<Site> is = after.getOrDefault(key, List.of());
      Site one = (is.isEmpty() ? was : is).get(0);
      Optional<Kind> kind =
          was.isEmpty()
              ? Optional.of(Kind.ADDED)
              : is.isEmpty()
                  ? Optional.of(Kind.REMOVED)
                  : normalized(was).equals(normalized(is))
                      ? Optional.empty()
                      : Optional.of(Kind.CHANGED);
      kind.ifPresent(
          it ->
              changes.add(
                  new ConfigurationChange(
                      it,
                      one.name(),
                      List.copyOf(one.hosts()),
                      it == Kind.CHANGED ? details(normalized(was), normalized(is)) : List.of())));
    }
    JsonNode general = general();
    JsonNode nextGeneral = next.general();
    if (!general.equals(nextGeneral)) {
      changes.add(
          new ConfigurationChange(Kind.CHANGED, GENERAL, List.of(), details(general, nextGeneral)));
    }
    return changes;
  }

  private Map<String, List<Site>> sitesByKey() {
    return sites().stream()
        .collect(Collectors.groupingBy(Site::key, LinkedHashMap::new, Collectors.toList()));
  }

  private static JsonNode normalized(List<Site> sites) {
    if (sites.size() == 1) {
      return sites.get(0).normalized();
    }
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    sites.forEach(site -> all.add(site.normalized()));
    return all;
  }

  /** All but the sites. */
  private JsonNode general() {
    ObjectNode copy = json.deepCopy();
    for (JsonNode server : copy.path("apps").path("http").path("servers")) {
      ((ObjectNode) server).remove("routes");
    }
    return copy;
  }

  private static JsonNode numberedAnew(JsonNode node, Map<String, String> groups) {
    if (node instanceof ArrayNode array) {
      ArrayNode copy = JsonNodeFactory.instance.arrayNode();
      array.forEach(it -> copy.add(numberedAnew(it, groups)));
      return copy;
    }
    if (node instanceof ObjectNode object) {
      ObjectNode copy = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        boolean group = field.getKey().equals(GROUP) && field.getValue().isTextual();
        if (group) {
          copy.put(
              GROUP,
              groups.computeIfAbsent(field.getValue().asText(), name -> "group" + groups.size()));
        } else {
          copy.set(field.getKey(), numberedAnew(field.getValue(), groups));
        }
      }
      return copy;
    }
    return node;
  }

  private static List<String> details(JsonNode before, JsonNode after) {
    List<String> details = new ArrayList<>();
    compare("", "", before, after, details);
    return details.size() <= MOST_DETAILS ? details : List.copyOf(details.subList(0, MOST_DETAILS));
  }

  private static void compare(
      String place,
      String key,
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      List<String> details) {
    if (before == null || after == null) {
      details.add(
          "%s %s%s"
              .formatted(
                  place,
                  before == null ? "added" : "removed",
                  value(key, before == null ? after : before)));
    } else if (before.isObject() && after.isObject()) {
      Set<String> names = new LinkedHashSet<>();
      before.fieldNames().forEachRemaining(names::add);
      after.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        compare(place + "/" + name, name, before.get(name), after.get(name), details);
      }
    } else if (before.isArray() && after.isArray()) {
      for (int i = 0; i < Math.max(before.size(), after.size()); i++) {
        compare(place + "/" + i, key, before.get(i), after.get(i), details);
      }
    } else if (!before.equals(after)) {
      details.add(
          SHOWN.contains(key) && before.isValueNode() && after.isValueNode()
              ? "%s: %s -> %s".formatted(place, before.asText(), after.asText())
              : place + " changed");
    }
  }

  private static String value(String key, @Nullable JsonNode node) {
    return node != null && node.isValueNode() && SHOWN.contains(key) ? ": " + node.asText() : "";
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CaddyConfiguration configuration && changesTo(configuration).isEmpty();
  }

  @Override
  public int hashCode() {
    return general().hashCode();
  }
}
