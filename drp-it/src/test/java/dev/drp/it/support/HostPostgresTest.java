package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HostPostgresTest {
  @Test
  void servesWithItsSettingsAndComesBackAfterAKill() throws Exception {
    try (HostPostgres server = HostPostgres.start(Map.of("work_mem", "5MB"))) {
      try (Connection connection = server.connect("postgres");
          Statement statement = connection.createStatement()) {
        statement.execute("create table kept as select 1 as one");
      }

      server.kill();
      assertThatThrownBy(() -> server.connect("postgres")).isInstanceOf(SQLException.class);
      server.startServer();

      try (Connection connection = server.connect("postgres");
          Statement statement = connection.createStatement();
          ResultSet result =
              statement.executeQuery("select one, current_setting('work_mem') from kept")) {
        result.next();
        assertThat(result.getInt(1)).isEqualTo(1);
        assertThat(result.getString(2)).isEqualTo("5MB");
      }
    }
  }

  @Test
  void wantsThePasswordOverTcpOnly() {
    try (HostPostgres server = HostPostgres.start()) {
      assertThatThrownBy(
              () ->
                  DriverManager.getConnection(
                      "jdbc:postgresql://%s:%d/postgres".formatted(server.host(), server.port()),
                      server.user(),
                      "wrong"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
      assertThat(server.runAsServer("psql", "--tuples-only", "--command=select 41 + 1"))
          .contains("42");
    }
  }

  @Test
  void leavesNothingBehind() {
    Path folder;
    try (HostPostgres server = HostPostgres.start()) {
      folder = server.socketFolder();
    }

    assertThat(folder).doesNotExist();
    assertThat(ProcessHandle.allProcesses())
        .noneMatch(process -> process.info().commandLine().orElse("").contains(folder.toString()));
  }
}
