package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("docker")
class ComposeProjectTest {
  @Test
  void runsADatabaseThatPublishesNoPortAndLeavesNothingBehind() {
    String name;
    try (ComposeProject project = ComposeProject.withPostgres()) {
      name = project.name();
      String container = project.container(ComposeProject.DATABASE_SERVICE);

      assertThat(project.sql("select current_user || ' of ' || current_database()"))
          .isEqualTo("owner of app");
      assertThat(Programs.run("docker", "port", container).stdout()).isEmpty();
      assertThat(everythingOf(name)).contains(container, name + "_data", name + "_default");
    }

    assertThat(everythingOf(name)).isBlank();
  }

  private static String everythingOf(String project) {
    String filter = "--filter=label=com.docker.compose.project=" + project;
    return Programs.run("docker", "ps", "--all", filter, "--format={{.Names}}").stdout()
        + Programs.run("docker", "volume", "ls", filter, "--format={{.Name}}").stdout()
        + Programs.run("docker", "network", "ls", filter, "--format={{.Name}}").stdout();
  }
}
