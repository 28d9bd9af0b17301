package dev.drp.assessment;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupFixture;
import dev.drp.database.DatabaseConnector;
import dev.drp.plan.BackupKind;
import dev.drp.plan.BackupSchedule;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Retention;
import dev.drp.plan.Site;
import dev.drp.plan.Span;
import dev.drp.plan.Storage;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.FakeComposeProject;
import dev.drp.runtime.FakeContainerRuntime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/** An application of four services that is well, until a test breaks something. */
final class AssessmentFixture {
  static final URI LOCAL = URI.create("http://localhost:8000/");
  static final URI PUBLIC = URI.create("https://app.example.net/");
  static final AnswerLimits PATIENT =
      new AnswerLimits(Duration.ofSeconds(30), Duration.ofSeconds(60));

  final BackupFixture backups;
  final FakeContainerRuntime engine;
  final Path machine;
  final Path compose;
  final Path storage;

  /** Addresses that do not answer well. */
  final Set<URI> bad = new HashSet<>();

  boolean engineAnswers = true;
  boolean databaseAnswers = true;
  boolean filesAccepted = true;
  boolean namesResolve = true;

  AssessmentFixture(Path folder) {
    backups = new BackupFixture(folder.resolve("state"));
    engine = new FakeContainerRuntime(folder.resolve("engine"));
    machine = folder.resolve("proc");
    compose = folder.resolve("apps");
    storage = folder.resolve("backups");
    try {
      Files.createDirectories(machine.resolve("net"));
      Files.createDirectories(compose);
      Files.createDirectories(storage);
      Files.writeString(machine.resolve("loadavg"), "0.10 0.20 0.30 1/200 4711\n");
      Files.writeString(machine.resolve("uptime"), "90061.5 100000.0\n");
      Files.writeString(
          machine.resolve("meminfo"),
          "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
      listenOn(8000);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    for (String image : List.of("postgres", "backend", "frontend", "nginx")) {
      engine.addImage(image, "sha256:" + image);
    }
    project().up(List.of(), Map.of(), Duration.ofSeconds(1));
    backups.server.answer(DatabaseLook.SHORTEST, any -> "1");
    backups.server.answer(DatabaseLook.CONNECTIONS, any -> "3 of 100");
    backups.server.answer(EnvironmentDrift.TABLES, any -> "public.customers\npublic.orders");
  }

  void listenOn(int port) throws IOException {
    Files.writeString(
        machine.resolve("net/tcp"),
        "  sl  local_address rem_address   st\n"
            + "   0: 0100007F:%04X 00000000:0000 0A 0:0 00:0 00 0 0 4711 1 0 100 0 0 10 0\n"
                .formatted(port));
  }

  FakeComposeProject project() {
    return new FakeComposeProject(
        "shop",
        engine,
        new ComposeConfiguration(
            Map.of(
                "db", service("postgres", List.of(), List.of("data")),
                "backend", service("backend", List.of("db"), List.of()),
                "frontend", service("frontend", List.of(), List.of()),
                "nginx", service("nginx", List.of("backend", "frontend"), List.of())),
            Map.of("data", new ComposeConfiguration.Volume("shop_data", false))),
        Map.of());
  }

  private static ComposeConfiguration.Service service(
      String image, List<String> dependsOn, List<String> volumes) {
    return new ComposeConfiguration.Service(
        Optional.of(image), dependsOn, dependsOn, volumes, List.of(), true);
  }

  /** Those of the plan, to which a test adds. */
  Environment.Builder environment() {
    DatabaseSettings like = backups.environment.requireDatabase();
    return Environment.builder(BackupFixture.ENVIRONMENT, "primary")
        .compose(new ComposeSettings("shop", compose, List.of()))
        .database(
            DatabaseSettings.builder(like.name(), like.user())
                .service("db")
                .expectation(like.expectations().get(0))
                .build())
        .health(LOCAL)
        .domain(new Environment.Domain("app.example.net", Optional.of(8000)));
  }

  ContingencyPlan.Builder plan(Environment environment) {
    return ContingencyPlan.builder(BackupFixture.APPLICATION)
        .site(Site.local("primary"))
        .environment(environment)
        .storage(new Storage.Directory("local", storage, false))
        .backup(
            BackupSchedule.every(
                "every-6h",
                Span.parse("6h"),
                environment.name(),
                BackupKind.LOGICAL,
                Retention.within(Span.parse("7d")),
                "local"));
  }

  ContingencyPlan plan() {
    return plan(environment().build()).build();
  }

  Surroundings surroundings() {
    return surroundings(this::engine, any -> backups.server);
  }

  private Surroundings surroundings(
      Supplier<ContainerRuntime> runtime, DatabaseConnector databases) {
    return new Surroundings(
        new ThisMachine(machine),
        runtime,
        () ->
            (name, at, files) -> {
              if (!filesAccepted) {
                throw new RecoveryException(
                    ErrorCode.COMPOSE_INVALID, "line 3 is no YAML", "mend it.");
              }
              return project();
            },
        environment -> {
          if (!databaseAnswers) {
            throw new RecoveryException(
                ErrorCode.DATABASE_UNAVAILABLE, "nobody is there", "start it.");
          }
          return databases.connect(environment);
        },
        this::ask,
        (name, server, limit) ->
            new NameResolver.Resolution(
                name,
                server,
                namesResolve ? List.of("192.0.2.1") : List.of(),
                namesResolve ? "" : "it has no address"),
        () -> {
          throw new AssertionError("no proxy in this plan");
        });
  }

  private ContainerRuntime engine() {
    if (!engineAnswers) {
      throw new RecoveryException(
          ErrorCode.ENGINE_UNAVAILABLE, "cannot reach the engine", "start it.");
    }
    return engine;
  }

  private HttpProbe.Answer ask(URI address, Duration limit) {
    boolean well = !bad.contains(address);
    return new HttpProbe.Answer(
        address,
        Optional.of(well ? 200 : 502),
        Duration.ofMillis(3),
        well ? "" : "answers with status 502");
  }

  /** Everything hangs until the latch is open; interrupts are not heard either. */
  Surroundings hanging(CountDownLatch until) {
    Runnable hang =
        () -> {
          boolean open = false;
          while (!open) {
            try {
              until.await();
              open = true;
            } catch (InterruptedException e) {
              open = false; // goes on as if nothing had been said
            }
          }
          throw new IllegalStateException("answered too late");
        };
    return new Surroundings(
        new ThisMachine(machine),
        () -> {
          hang.run();
          return engine;
        },
        () -> {
          hang.run();
          return (name, at, files) -> project();
        },
        environment -> {
          hang.run();
          return backups.server;
        },
        (address, limit) -> {
          hang.run();
          return ask(address, limit);
        },
        (name, server, limit) -> {
          hang.run();
          return new NameResolver.Resolution(name, server, List.of(), "");
        },
        () -> {
          hang.run();
          throw new AssertionError("no proxy in this plan");
        });
  }
}
