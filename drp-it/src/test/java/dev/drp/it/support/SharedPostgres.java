package dev.drp.it.support;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * One PostgreSQL container for all tests of a JVM, started by the first that asks and removed when
 * the JVM ends. It survives everything but a test that damages the server: such a test starts its
 * own. Safe for concurrent use: each test makes its own database.
 */
public final class SharedPostgres {
  private static final class Started {
    static final SharedPostgres INSTANCE = new SharedPostgres();
  }

  @SuppressWarnings("resource") // lives as long as the JVM
  private final PostgreSQLContainer container =
      new PostgreSQLContainer(
              DockerImageName.parse(TestImages.postgres()).asCompatibleSubstituteFor("postgres"))
          .withImagePullPolicy(name -> false)
          .withLabel(Programs.LABEL, Programs.RUN)
          .withUsername("owner")
          .withPassword("correct horse")
          .withDatabaseName("app");

  private SharedPostgres() {
    container.start();
    Runtime.getRuntime().addShutdownHook(new Thread(container::stop, "remove shared PostgreSQL"));
  }

  public static SharedPostgres get() {
    return Started.INSTANCE;
  }

  public String containerName() {
    return container.getContainerName().substring(1); // the engine's names start with a slash
  }

  /** The server's superuser. */
  public String user() {
    return container.getUsername();
  }

  public String password() {
    return container.getPassword();
  }

  /** Where the server can be reached from this machine. */
  public String host() {
    return container.getHost();
  }

  public int port() {
    return container.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT);
  }

  /** Creates an empty database with a name of its own, and returns the name. */
  public String newDatabase() {
    String name = "test_" + UUID.randomUUID().toString().replace("-", "");
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return name;
  }

  /** The caller closes it. */
  public Connection connect(String database) throws SQLException {
    return DriverManager.getConnection(
        "jdbc:postgresql://%s:%d/%s".formatted(host(), port(), database), user(), password());
  }
}
