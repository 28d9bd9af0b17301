package dev.drp.it.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A project that Docker Compose runs, under a name of its own. Closing it removes its containers,
 * networks and volumes.
 */
public final class ComposeProject implements AutoCloseable {
  /** The service of {@link #withPostgres}. */
  public static final String DATABASE_SERVICE = "database";

  private static final String POSTGRES =
      """
      services:
        database:
          image: %1$s
          pull_policy: never
          labels: [%2$s]
          environment: { POSTGRES_USER: owner, POSTGRES_PASSWORD: correct horse, POSTGRES_DB: app }
          volumes: ["data:/var/lib/postgresql/data"]
          healthcheck:
            # A check is a new process in the container, with Debian's wrapper a Perl: few, and without.
            test: exec /usr/lib/postgresql/*/bin/pg_isready --host=127.0.0.1 --username=owner --dbname=app
            interval: 2s
            timeout: 5s
            retries: 100
      volumes:
        data: { labels: [%2$s] }
      networks:
        default: { labels: [%2$s] }
      """;

  private final String name = "drp-it-" + UUID.randomUUID().toString().substring(0, 8);
  private final Path folder;
  private final Thread cleanup = new Thread(this::remove, "remove Compose project " + name);

  private ComposeProject(Path folder) {
    this.folder = folder;
  }

  /**
   * PostgreSQL as a small team runs it: a named volume and no published port. User {@code owner}
   * with the password {@code correct horse}, database {@code app}.
   */
  public static ComposeProject withPostgres() {
    return withPostgres(TestImages.postgres());
  }

  /** The same with one of the {@link TestImages}. */
  public static ComposeProject withPostgres(String image) {
    return start(POSTGRES.formatted(image, Programs.LABEL + "=" + Programs.RUN));
  }

  /**
   * Starts a project and waits until its services are healthy.
   *
   * @param compose the content of its compose file, which gives everything the label {@link
   *     Programs#LABEL} with the value {@link Programs#RUN}
   */
  public static ComposeProject start(String compose) {
    try {
      Path folder = Files.createTempDirectory("drp-it-compose");
      Files.writeString(folder.resolve("compose.yaml"), compose);
      ComposeProject project = new ComposeProject(folder);
      Runtime.getRuntime().addShutdownHook(project.cleanup);
      try {
        project.compose("up", "--detach", "--wait", "--quiet-pull");
      } catch (AssertionError e) {
        project.close();
        throw e;
      }
      return project;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String name() {
    return name;
  }

  /** The folder that holds {@code compose.yaml}. */
  public Path folder() {
    return folder;
  }

  /** The name of a service's only container. */
  public String container(String service) {
    return name + "-" + service + "-1";
  }

  /** Runs {@code docker compose} for this project; returns its standard output. */
  public String compose(String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker", "compose", "--project-name", name));
    command.addAll(Arrays.asList(arguments));
    return Programs.run(command, folder, Map.of(), "", Duration.ofMinutes(2))
        .requireSuccess()
        .stdout();
  }

  /** Runs a program in a service's container; returns its standard output. */
  public String execute(String service, String program, String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker", "exec", container(service), program));
    command.addAll(Arrays.asList(arguments));
    return Programs.run(command, folder, Map.of(), "", Duration.ofMinutes(2))
        .requireSuccess()
        .stdout();
  }

  /**
   * Runs SQL in the database of {@link #withPostgres}; returns values only, a line for each row.
   */
  public String sql(String statement) {
    return sql("app", statement);
  }

  /** The same in another database of that server. */
  public String sql(String database, String statement) {
    return execute(DATABASE_SERVICE, "psql", Psql.arguments("owner", database, statement)).strip();
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(cleanup);
    remove();
  }

  private void remove() {
    compose("down", "--volumes", "--remove-orphans", "--timeout", "0");
    try {
      Files.deleteIfExists(folder.resolve("compose.yaml"));
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
