package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import dev.drp.it.support.ReferenceStack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Diagnosis and assessment of the reference stack, as it is taken apart. */
@Tag("docker")
class AssessTest {
  @TempDir private Path folder;

  @Test
  void tellsWhatIsBrokenAndWhichPlanFits() {
    try (ReferenceStack stack = ReferenceStack.make(folder)) {
      ReferenceStack.Project production = stack.production().up().load(40);
      drp("backup", "production", "--kind", "physical").requireSuccess();

      assertThat(look("assess", "production").requireSuccess().stdout())
          .contains("**Services affectés**\u00a0: aucun");
      assertThat(look("diagnose", "production").stdout())
          .contains("service backend", "runs, healthy", "answer time", "load of ");

      stop(production, "backend");
      stop(production, "frontend");
      Programs.Result two = look("assess", "production");
      assertThat(two.exitCode()).isEqualTo(1);
      assertThat(two.stdout())
          .contains("**Services affectés**\u00a0: backend, frontend, nginx")
          .contains("`drp recover application production`")
          .contains("sauvegarde physique");

      stop(production, "nginx");
      stop(production, "db");
      assertThat(look("assess", "production").stdout())
          .contains("`drp recover restart production`");
      Programs.Result diagnosis = look("diagnose", "production");
      assertThat(diagnosis.exitCode()).isEqualTo(1);
      assertThat(diagnosis.stdout()).contains("service db", "ended with code");
      Programs.Result drift = look("plan", "drift", "production");
      assertThat(drift.exitCode()).isEqualTo(1);
      assertThat(drift.toString()).contains("db");

      production.compose("down", "--volumes");
      assertThat(look("assess", "production").stdout())
          .contains("`drp recover rebuild production --kind physical`")
          .doesNotContain("conserve les données");
    }
  }

  /** With patience: other tests run beside this one. */
  private Programs.Result look(String... arguments) {
    return drp(
        Stream.concat(Stream.of(arguments), Stream.of("--answer-within=1m"))
            .toArray(String[]::new));
  }

  private Programs.Result drp(String... arguments) {
    List<String> all = new ArrayList<>(List.of("--state", folder.resolve("state").toString()));
    all.addAll(List.of(arguments));
    return Cli.in(folder).run(all.toArray(String[]::new));
  }

  private static void stop(ReferenceStack.Project project, String service) {
    Programs.run("docker", "stop", "--time=1", project.container(service));
  }
}
