package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

class LocalCommandRunnerTest extends CommandRunnerContract {
  private final LocalCommandRunner runner = new LocalCommandRunner();

  @Override
  protected CommandRunner runner() {
    return runner;
  }

  @Test
  void runsAProgramAsAnotherAccountWithItsGroupsAndHome() {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can switch accounts");

    String seen =
        runner.run(
            Command.of("sh", "-c", "id -un; id -gn; id -Gn; echo $HOME $USER").asUser("nobody"));

    assertThat(seen).isEqualTo("nobody\nnogroup\nnogroup\n/nonexistent nobody\n");
  }

  @Test
  void saysThatAnAccountIsNotThere() {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can switch accounts");

    assertThatThrownBy(() -> runner.start(Command.of("true").asUser("no-such-account")))
        .hasMessageContaining("cannot run a program as no-such-account: there is no such account")
        .hasMessageContaining("HINT:");
  }

  @Test
  void namesThePackageOfAProgramOfPostgresql() {
    assertThatThrownBy(() -> runner.start(Command.of("/nowhere/pg_dump", "-Fc")))
        .hasMessageContaining("cannot start /nowhere/pg_dump")
        .hasMessageContaining("apt-get install postgresql-client");
  }
}
