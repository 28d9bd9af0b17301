package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("docker")
class SharedPostgresTest {
  private final SharedPostgres server = SharedPostgres.get();

  @Test
  void givesEachTestADatabaseOfItsOwn() throws Exception {
    String database = server.newDatabase();

    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select current_database()")) {
      result.next();
      assertThat(result.getString(1)).isEqualTo(database).isNotEqualTo(server.newDatabase());
    }
  }

  @Test
  void isKnownToTheEngineByNameAndLabel() {
    assertThat(
            Programs.run(
                    "docker",
                    "ps",
                    "--filter=label=%s=%s".formatted(Programs.LABEL, Programs.RUN),
                    "--format={{.Names}}")
                .stdout())
        .contains(server.containerName());
  }
}
