package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.net.URI;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One installation of the application: production, staging. */
public record Environment(
    @NameOfEntry String name,
    @Key(value = "where it runs", refersTo = "sites") String site,
    @Key(
            name = "protected",
            value = "whether destructive drills must refuse it",
            defaultsTo = "true")
        boolean isProtected,
    @Key("its own objectives; they win over those of the plan") Objectives objectives,
    @Key("its Docker Compose project") Optional<ComposeSettings> compose,
    @Key("its database") Optional<DatabaseSettings> database,
    @Key("the reverse proxy in front of it") Optional<ProxySettings> proxy,
    @Key("files and folders that configuration and system backups keep")
        List<ConfiguredPath> configuration,
    @Key("addresses that answer while it is well") List<URI> health,
    @Key("its Docker volumes; system backups keep all of its project but the database's own")
        List<Volume> volumes,
    @Key("names that it is reached by") List<Domain> domains,
    @Key("ports that its parts listen on") List<ServicePort> ports,
    @Key("secrets that it needs") List<Credential> secrets,
    @Key("certificates that it needs") List<Credential> certificates,
    @Key("log files that a diagnosis looks at") List<Path> logs) {
  /** A Docker volume and how much depends on it. */
  public record Volume(
      @Key("name of the volume") String name,
      @Key("what it holds") Optional<String> holds,
      @Key("how much depends on it") Criticality criticality,
      @Key(value = "whether its services run while a system backup reads it", defaultsTo = "live")
          Consistency consistency) {}

  /** A public name and the local port that the reverse proxy sends it to. */
  public record Domain(
      @Key("public name") String name,
      @Key("local port that the reverse proxy sends it to") Optional<Integer> port) {
    public Domain {
      Rules.of("domain")
          .check(!name.isBlank(), "name", Text.quote(name), "a public name")
          .check(port.isEmpty() || isPort(port.get()), "port", port, "a port from 1 to 65535")
          .enforce();
    }
  }

  /** A part of the environment and the port that it listens on. */
  public record ServicePort(
      @Key("the part: a service, a program") String service,
      @Key("the port") int port,
      @Key("host or container that it is open on") Optional<String> where) {
    public ServicePort {
      Rules.of("port").check(isPort(port), "port", port, "a port from 1 to 65535").enforce();
    }
  }

  /** A secret or certificate: whose it is, and until when it is good. Never its value. */
  public record Credential(
      @Key("what it is") String name,
      @Key("where it is kept, or what renews it") Optional<String> location,
      @Key("who is responsible for it") Optional<String> owner,
      @Key("when it was made or last replaced") Optional<LocalDate> issued,
      @Key("how long it is good after that; left out if without end") Optional<Span> validFor,
      @Key("last day that it is good") Optional<LocalDate> expires) {
    public Credential {
      requireNonNull(location, "location");
      requireNonNull(owner, "owner");
      Rules.of("credential")
          .check(!name.isBlank(), "name", Text.quote(name), "what it is")
          .check(
              expires.isEmpty() || issued.isEmpty() || !expires.get().isBefore(issued.get()),
              "expires",
              expires.map(LocalDate::toString).orElse(""),
              "a day after issued")
          .enforce();
    }

    /** The last day that it is good, as far as the plan says. */
    public Optional<LocalDate> lastDay() {
      return expires.or(() -> issued.flatMap(day -> validFor.map(span -> span.after(day))));
    }
  }

  public Environment {
    requireNonNull(objectives, "objectives");
    requireNonNull(proxy, "proxy");
    configuration = List.copyOf(configuration);
    health = List.copyOf(health);
    volumes = List.copyOf(volumes);
    domains = List.copyOf(domains);
    ports = List.copyOf(ports);
    secrets = List.copyOf(secrets);
    certificates = List.copyOf(certificates);
    logs = List.copyOf(logs);
    Rules rules =
        Rules.of("environment " + name)
            .name(name)
            .check(
                compose.isPresent() || database.flatMap(DatabaseSettings::service).isEmpty(),
                "database.service",
                "a service of a Compose project",
                "compose, with the project that the service is part of")
            .check(
                compose.isPresent() || database.flatMap(DatabaseSettings::migrations).isEmpty(),
                "database.migrations",
                "a service of a Compose project",
                "compose, with the project that the service is part of")
            .check(
                compose.isPresent()
                    || configuration.stream().allMatch(it -> it.service().isEmpty()),
                "configuration",
                "a service of a Compose project",
                "compose, with the project that the service is part of");
    Set<URI> known = new HashSet<>();
    for (int i = 0; i < health.size(); i++) {
      rules.check(
          known.add(health.get(i)), "health[" + i + "]", "the same address again", "each once");
    }
    rules.enforce();
  }

  private static boolean isPort(int port) {
    return port >= 1 && port <= 65535;
  }

  /**
   * The database, for work that needs one.
   *
   * @throws RecoveryException with NOT_IN_PLAN if the environment has none
   */
  public DatabaseSettings requireDatabase() {
    return database.orElseThrow(
        () ->
            new RecoveryException(
                ErrorCode.NOT_IN_PLAN,
                "environment %s has no database".formatted(name),
                "add environments.%s.database to the plan, or name another environment."
                    .formatted(name)));
  }

  /**
   * The reverse proxy, for work that needs one.
   *
   * @throws RecoveryException with NOT_IN_PLAN if the environment has none
   */
  public ProxySettings requireProxy() {
    return proxy.orElseThrow(
        () ->
            new RecoveryException(
                ErrorCode.NOT_IN_PLAN,
                "environment %s has no reverse proxy".formatted(name),
                "add environments.%s.proxy to the plan, or name another environment."
                    .formatted(name)));
  }

  /** A protected environment on this site; the builder adds what it has. */
  public static Builder builder(String name, String site) {
    return new Builder(name, site);
  }

  /** Collects an environment; not thread-safe. */
  public static final class Builder {
    private final String name;
    private final String site;
    private boolean isProtected = true;
    private Objectives objectives = Objectives.NONE;
    private Optional<ComposeSettings> compose = Optional.empty();
    private Optional<DatabaseSettings> database = Optional.empty();
    private Optional<ProxySettings> proxy = Optional.empty();
    private final List<ConfiguredPath> configuration = new ArrayList<>();
    private final List<URI> health = new ArrayList<>();
    private final List<Volume> volumes = new ArrayList<>();
    private final List<Domain> domains = new ArrayList<>();
    private final List<ServicePort> ports = new ArrayList<>();
    private final List<Credential> secrets = new ArrayList<>();
    private final List<Credential> certificates = new ArrayList<>();
    private final List<Path> logs = new ArrayList<>();

    private Builder(String name, String site) {
      this.name = name;
      this.site = site;
    }

    /** Lets destructive drills run here. */
    public Builder unprotected() {
      isProtected = false;
      return this;
    }

    public Builder objectives(Objectives own) {
      objectives = own;
      return this;
    }

    public Builder compose(ComposeSettings settings) {
      compose = Optional.of(settings);
      return this;
    }

    public Builder database(DatabaseSettings settings) {
      database = Optional.of(settings);
      return this;
    }

    public Builder proxy(ProxySettings settings) {
      proxy = Optional.of(settings);
      return this;
    }

    public Builder configuration(Path path) {
      return configuration(ConfiguredPath.of(path));
    }

    public Builder configuration(ConfiguredPath path) {
      configuration.add(path);
      return this;
    }

    public Builder health(URI address) {
      health.add(address);
      return this;
    }

    public Builder volume(Volume volume) {
      volumes.add(volume);
      return this;
    }

    public Builder domain(Domain domain) {
      domains.add(domain);
      return this;
    }

    public Builder port(ServicePort port) {
      ports.add(port);
      return this;
    }

    public Builder secret(Credential secret) {
      secrets.add(secret);
      return this;
    }

    public Builder certificate(Credential certificate) {
      certificates.add(certificate);
      return this;
    }

    public Builder log(Path file) {
      logs.add(file);
      return this;
    }

    public Environment build() {
      return new Environment(
          name,
          site,
          isProtected,
          objectives,
          compose,
          database,
          proxy,
          configuration,
          health,
          volumes,
          domains,
          ports,
          secrets,
          certificates,
          logs);
    }
  }
}
