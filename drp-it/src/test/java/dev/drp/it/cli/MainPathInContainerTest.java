package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.it.support.ComposeProject;
import dev.drp.it.support.Programs;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** A PostgreSQL in a container of a Compose project that publishes no port. */
@Tag("docker")
class MainPathInContainerTest extends MainPathTest {
  private static ComposeProject project;

  @BeforeAll
  static void startProject() {
    project = ComposeProject.withPostgres();
  }

  @AfterAll
  static void removeProject() {
    project.close();
  }

  @Override
  String compose() {
    return "    compose: { project: %s, directory: %s }\n"
        .formatted(project.name(), project.folder());
  }

  @Override
  String environment() {
    return "service: database\nuser: owner\n";
  }

  @Override
  String sql(String database, String statement) {
    return project.sql(database, statement);
  }

  @Override
  JsonNode drill() throws Exception {
    long since = Instant.now().getEpochSecond();

    JsonNode report = json(0, "drill", "restore", "production");

    String owner = "--filter=label=dev.drp.owner=" + report.get("execution").textValue();
    assertThat(
            Programs.run(
                    "docker",
                    "events",
                    "--since=" + since,
                    "--until=" + Instant.now().getEpochSecond(),
                    "--filter=event=start",
                    owner)
                .stdout())
        .as("containers of the drill that ran")
        .isNotEmpty();
    assertThat(
            Programs.run("docker", "ps", "--all", "--quiet", owner).stdout()
                + Programs.run("docker", "network", "ls", "--quiet", owner).stdout()
                + Programs.run("docker", "volume", "ls", "--quiet", owner).stdout())
        .isEmpty();
    return report;
  }
}
