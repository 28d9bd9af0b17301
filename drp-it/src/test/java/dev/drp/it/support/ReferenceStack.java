package dev.drp.it.support;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.caddy.Visit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The application of {@code drp-it/stack}: production and staging, each a Compose project with a
 * name and ports of its own, and a plan file {@code drp.yaml} for both. Closing it removes all
 * containers, networks and volumes. May be used by several threads.
 */
public final class ReferenceStack implements AutoCloseable {
  /** User and database of PostgreSQL. */
  public static final String DATABASE = "ask_and_trust";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final Path folder;
  private final String name;
  private final Project production;
  private final Project staging;
  private final List<String> through;
  private final Optional<Caddy> caddy;
  private final Thread cleanup = new Thread(this::remove, "remove reference stack");

  private ReferenceStack(
      Path folder,
      String name,
      int productionPort,
      int stagingPort,
      List<String> through,
      Optional<Caddy> caddy) {
    this.caddy = caddy;
    this.folder = folder;
    this.name = name;
    this.through = through;
    production = new Project(name, "prod", productionPort);
    staging = new Project(name, "staging", stagingPort);
  }

  /**
   * Makes the folders of both projects, and starts nothing.
   *
   * @param folder gets {@code askandtrust-prod/apps}, {@code askandtrust-staging/apps}, {@code
   *     Caddyfile} and {@code drp.yaml}
   */
  public static ReferenceStack make(Path folder) {
    return make(folder, Optional.empty());
  }

  /**
   * The same with a Caddy in front of both, which runs: {@link #visit}. The plan says where it is.
   */
  public static ReferenceStack makeBehindCaddy(Path folder) {
    ReferenceStack stack = make(folder, Optional.of(new Caddy(freePort(), freePort())));
    Programs.run(folder.resolve("caddy/restart").toString()).requireSuccess();
    return stack;
  }

  private static ReferenceStack make(Path folder, Optional<Caddy> caddy) {
    String name = "drp-it-" + UUID.randomUUID().toString().substring(0, 8);
    ReferenceStack stack =
        new ReferenceStack(folder, name, freePort(), freePort(), List.of(), caddy);
    Map<String, String> variables = new HashMap<>();
    variables.put("PROJECT", name);
    variables.put("PRODUCTION_PORT", Integer.toString(stack.production.port));
    variables.put("STAGING_PORT", Integer.toString(stack.staging.port));
    variables.put("TEST_RUN", Programs.RUN);
    variables.put("HEALTH_INTERVAL", "2s"); // each second, the checks of both slow down all else
    caddy.ifPresent(
        it -> {
          variables.put("PROXY_PORT", Integer.toString(it.port()));
          variables.put("PROXY_ADMIN", Integer.toString(it.admin()));
        });
    Programs.run(
            List.of(Path.of("stack", "make").toAbsolutePath().toString(), folder.toString()),
            folder,
            variables,
            "",
            PATIENCE)
        .requireSuccess();
    Runtime.getRuntime().addShutdownHook(stack.cleanup);
    return stack;
  }

  /** Where it answers, on 127.0.0.1. */
  private record Caddy(int port, int admin) {}

  /**
   * What somebody gets from Caddy.
   *
   * @param host {@code app.localhost} or {@code staging.localhost}
   * @return status and text; empty if nobody answers
   */
  public String visit(String host) {
    return Visit.of(host, caddy.orElseThrow().port(), "/");
  }

  /** Caddy dies, as with kill -9. */
  public void killCaddy() throws IOException {
    String pid = Files.readString(folder.resolve("caddy/pid")).strip();
    Programs.run("kill", "-9", pid).requireSuccess();
  }

  /**
   * The same stack on another machine, of which the files are seen here: what is asked of its
   * projects is asked there. Not to be closed, as it ends with that machine.
   */
  public ReferenceStack on(SecondHost host) {
    return new ReferenceStack(
        folder, name, production.port, staging.port, host.command(List.of()), Optional.empty());
  }

  public Path folder() {
    return folder;
  }

  /** The plan file: environments {@code production} and {@code staging}. */
  public Path plan() {
    return folder.resolve("drp.yaml");
  }

  public Project production() {
    return production;
  }

  public Project staging() {
    return staging;
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(cleanup);
    remove();
  }

  private void remove() {
    // It may have been killed.
    caddy.ifPresent(it -> Programs.run("caddy", "stop", "--address", "127.0.0.1:" + it.admin()));
    try {
      production.remove();
    } finally {
      staging.remove();
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An answer that came through nginx. */
  public record Answer(int status, String body) {}

  /** One of the two Compose projects, with the services db, backend, frontend and nginx. */
  public final class Project {
    private final String name;
    private final String stage;
    private final int port;

    private Project(String prefix, String stage, int port) {
      this.name = prefix + "-" + stage;
      this.stage = stage;
      this.port = port;
    }

    public String name() {
      return name;
    }

    /** The folder of its files, as in the plan. */
    public Path apps() {
      return folder.resolve("askandtrust-" + stage).resolve("apps");
    }

    /** Its Compose file, in {@link #apps()}. */
    public String file() {
      return "compose." + stage + ".yml";
    }

    /** Where nginx answers, on 127.0.0.1. */
    public int port() {
      return port;
    }

    /** The name of a service's container. */
    public String container(String service) {
      return name + "-" + service + "-1";
    }

    /** The full name of {@code db-data}, {@code uploads} or {@code logs}. */
    public String volume(String key) {
      return name + "_" + key;
    }

    /** Starts all services, and waits until they are healthy. */
    public Project up() {
      compose("up", "--detach", "--wait", "--quiet-pull");
      return this;
    }

    /** Runs {@code docker compose} as the team does; returns its standard output. */
    public String compose(String... arguments) {
      List<String> command = new ArrayList<>(List.of("docker", "compose"));
      command.addAll(List.of("--project-name", name, "-f", file()));
      command.addAll(Arrays.asList(arguments));
      return there(command, apps(), "").stdout();
    }

    /** Runs SQL as the application's user; returns values only, a line for each row. */
    public String sql(String statement) {
      return psql(Psql.arguments(DATABASE, DATABASE, statement), "");
    }

    private void remove() {
      if (!Files.isDirectory(apps())) {
        return; // lost, on purpose, when it had been removed
      }
      compose("down", "--volumes", "--remove-orphans", "--timeout", "0");
    }

    /** Fills the empty tables: 200000 users make 1 GB, 40 are enough for most. */
    public Project load(int users) {
      try {
        String[] arguments = {
          "--username=" + DATABASE, "--dbname=" + DATABASE, "--quiet", "--set=users=" + users
        };
        psql(arguments, Files.readString(folder.resolve("data.sql")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return this;
    }

    private String psql(String[] arguments, String stdin) {
      List<String> command = new ArrayList<>(List.of("docker", "exec", "--interactive"));
      command.addAll(List.of(container("db"), "psql"));
      command.addAll(Arrays.asList(arguments));
      return there(command, folder, stdin).stdout().strip();
    }

    private Programs.Result there(List<String> command, Path where, String stdin) {
      List<String> all = new ArrayList<>(through);
      all.addAll(command);
      return Programs.run(all, where, Map.of(), stdin, PATIENCE).requireSuccess();
    }

    /** Asks nginx with GET. Fails when nothing answers. */
    public Answer get(String path) {
      return ask(path, "--get");
    }

    /** Puts a query to the backend; returns its {@code data}. Fails on any status but 200. */
    public JsonNode graphql(String query) {
      String body = JSON.createObjectNode().put("query", query).toString();
      Answer answer = ask("/api/graphql", "--data-raw", body);
      if (answer.status() != 200) {
        throw new AssertionError("%s answered %s".formatted(query, answer));
      }
      try {
        return JSON.readTree(answer.body()).get("data");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    public long surveys() {
      return graphql("{ surveys { count } }").at("/surveys/count").longValue();
    }

    public long answers() {
      return graphql("{ answers { count } }").at("/answers/count").longValue();
    }

    /** Writes an answer of a user; both have to exist. */
    public void answer(int user, int question, String content) {
      graphql(
          "mutation { answer(userId: %d, questionId: %d, content: %s) { content } }"
              .formatted(user, question, JSON.valueToTree(content)));
    }

    /** The answer that a user gave, or an empty text. */
    public String answer(int user, int question) {
      return graphql("{ answer(userId: %d, questionId: %d) { content } }".formatted(user, question))
          .at("/answer/content")
          .asText();
    }

    private Answer ask(String path, String... options) {
      List<String> command =
          new ArrayList<>(
              List.of("curl", "--silent", "--show-error", "--write-out", "%{stderr}%{http_code}"));
      command.addAll(Arrays.asList(options));
      command.add("http://127.0.0.1:%d%s".formatted(port, path));
      Programs.Result result = there(command, Path.of("/"), "");
      return new Answer(Integer.parseInt(result.stderr()), result.stdout());
    }
  }
}
