package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The reverse proxy in front of an environment: a Caddy, which other environments may share. Each
 * site imports the file that is written for the environment; see {@link #importLine}.
 */
public record ProxySettings(
    @Key("the file that Caddy is configured by, as this machine sees it") Path caddyfile,
    @Key("the same file as Caddy sees it, where that differs: in a container")
        Optional<Path> caddyfileInside,
    @Key(value = "address of Caddy's admin API", defaultsTo = "http://127.0.0.1:2019") URI admin,
    @Key("name and port that the admin API knows itself by, where that differs: behind a tunnel")
        Optional<String> adminHost,
    @Key(value = "the environment's sites, as Caddy serves them", atLeastOne = true)
        List<SiteAddress> sites,
    @Key(
            value = "address on which this Caddy answers, whatever the sites' names lead to",
            defaultsTo = "127.0.0.1")
        String connect,
    @Key(
            "addresses that must answer below 400 after a change, or the change is taken back; if"
                + " left out, each site below 500")
        List<URI> probes,
    @Key(value = "how long they may take to do so", defaultsTo = "10s") Duration probeWithin,
    @Key("program and arguments that restart Caddy") List<String> restart,
    @Key("what visitors get while the environment is in maintenance") Maintenance maintenance) {
  public static final URI DEFAULT_ADMIN = URI.create("http://127.0.0.1:2019");
  public static final String DEFAULT_CONNECT = "127.0.0.1";
  public static final Duration DEFAULT_PROBE_WITHIN = Duration.ofSeconds(10);

  /** The page that says 503. */
  public record Maintenance(
      @Key(value = "when visitors and search engines should come back", defaultsTo = "10m")
          Duration retryAfter,
      @Key("addresses that get the site all the same: the operators'") List<AddressRange> allow) {
    public static final Maintenance USUAL = new Maintenance(Duration.ofMinutes(10), List.of());

    public Maintenance {
      allow = List.copyOf(allow);
      Rules.of("maintenance")
          .check(retryAfter.toSeconds() >= 1, "retry-after", retryAfter, "at least 1s")
          .enforce();
    }
  }

  public ProxySettings {
    requireNonNull(admin, "admin");
    requireNonNull(maintenance, "maintenance");
    sites = List.copyOf(sites);
    probes = List.copyOf(probes);
    restart = List.copyOf(restart);
    Path inside = caddyfileInside.orElse(caddyfile);
    Rules.of("proxy")
        .check(
            caddyfile.getNameCount() > 0
                && !inside.toString().matches("(?s).*[*?\\[\\]\"`\\\\{}\\s].*"),
            caddyfileInside.isPresent() ? "caddyfile-inside" : "caddyfile",
            Text.quote(inside.toString()),
            "a file whose path Caddy can import: without blanks, quotes, brackets and wildcards")
        .check(
            caddyfileInside.isEmpty() || inside.isAbsolute(),
            "caddyfile-inside",
            Text.quote(inside.toString()),
            "an absolute path")
        .check(
            adminHost.isEmpty() || adminHost.get().matches("[A-Za-z0-9.-]+(:\\d{1,5})?"),
            "admin-host",
            Text.quote(adminHost.orElse("")),
            "a name and a port such as localhost:2019")
        .check(
            adminHost.isEmpty() || "http".equals(admin.getScheme()),
            "admin-host",
            "an admin API with https",
            "http, which goes through a tunnel")
        .check(!sites.isEmpty(), "sites", "no site", "at least one site")
        .check(
            sites.stream().map(SiteAddress::host).distinct().count() == sites.size(),
            "sites",
            sites,
            "each host once")
        .check(
            probes.stream().map(URI::getHost).allMatch(SiteAddress::isHost),
            "probes",
            probes,
            "addresses with a name or an IPv4 address")
        .check(!connect.isBlank(), "connect", Text.quote(connect), "an address")
        .check(!probeWithin.isZero(), "probe-within", probeWithin, "some time")
        .enforce();
  }

  /** The Caddyfile as Caddy sees it. */
  public Path caddyfileSeenByCaddy() {
    return caddyfileInside.orElse(caddyfile);
  }

  /** What the sites of an environment import, as their first line. */
  public static String importLine(String environment) {
    return "import drp.d/%s.*".formatted(environment);
  }

  /** Of this Caddyfile, with that admin API. */
  public static ProxySettings of(Path caddyfile, URI admin, List<SiteAddress> sites) {
    return new ProxySettings(
        caddyfile,
        Optional.empty(),
        admin,
        Optional.empty(),
        sites,
        DEFAULT_CONNECT,
        List.of(),
        DEFAULT_PROBE_WITHIN,
        List.of(),
        Maintenance.USUAL);
  }

  public ProxySettings withProbes(URI... addresses) {
    return with(List.of(addresses), probeWithin, restart, maintenance);
  }

  public ProxySettings withProbeWithin(Duration limit) {
    return with(probes, limit, restart, maintenance);
  }

  public ProxySettings withRestart(String... command) {
    return with(probes, probeWithin, List.of(command), maintenance);
  }

  public ProxySettings withMaintenance(Maintenance page) {
    return with(probes, probeWithin, restart, page);
  }

  private ProxySettings with(
      List<URI> addresses, Duration limit, List<String> command, Maintenance page) {
    return new ProxySettings(
        caddyfile,
        caddyfileInside,
        admin,
        adminHost,
        sites,
        connect,
        addresses,
        limit,
        command,
        page);
  }
}
