package dev.drp.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.HostPostgres;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedding program of the examples, compiled as a user would and run. */
class EmbeddingTest {
  private static final Path PROGRAM = Path.of("..", "examples", "Embedding.java");

  @TempDir private Path folder;

  @Test
  void backsUpAndDrillsInUnderFortyLines() throws IOException, InterruptedException, SQLException {
    assertThat(Files.readAllLines(PROGRAM)).hasSizeLessThan(40);
    int compiled =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                PROGRAM.toString());
    assertThat(compiled).isZero();

    try (HostPostgres server = HostPostgres.start()) {
      makeShop(server);

      assertThat(runEmbedding(server)).endsWith("3 rows, drill PASSED\n");
    }
  }

  private static void makeShop(HostPostgres server) throws SQLException {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("create database shop");
    }
    try (Connection connection = server.connect("shop");
        Statement statement = connection.createStatement()) {
      statement.execute("create table sale (id int primary key)");
      statement.execute("insert into sale select generate_series(1, 3)");
    }
  }

  private String runEmbedding(HostPostgres server) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            folder + ":" + System.getProperty("java.class.path"),
            "Embedding",
            Integer.toString(server.port()),
            folder.toString());
    builder.environment().put("SHOP_PASSWORD", server.password());
    builder.redirectErrorStream(true);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
