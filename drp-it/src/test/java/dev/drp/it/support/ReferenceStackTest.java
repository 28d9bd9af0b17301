package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("docker")
class ReferenceStackTest {
  @TempDir private Path folder;

  @Test
  void servesFromItsDatabasesAndLeavesNothingBehind() throws Exception {
    String filter;
    try (ReferenceStack stack = ReferenceStack.make(folder)) {
      ReferenceStack.Project production = stack.production().up().load(40);
      ReferenceStack.Project staging = stack.staging().up();

      filter = "--filter=label=com.docker.compose.project=" + production.name();

      assertThat(production.get("/").body()).contains("Ask&amp;Trust");
      assertThat(production.get("/health").status()).isEqualTo(200);
      assertThat(production.get("/api/graphql?query=nonsense").status()).isEqualTo(400);
      assertThat(production.surveys()).isEqualTo(10);
      assertThat(staging.surveys()).isZero();
      assertThat(production.sql("select count(*) from answers"))
          .isEqualTo(Long.toString(production.answers()));

      String content = "d'accord, \"oui\" — $1";
      production.answer(1, 2, content);
      assertThat(production.answer(1, 2)).isEqualTo(content);
      assertThat(staging.answer(1, 2)).isEmpty();

      Programs.run("docker", "stop", "--time=0", production.container("db"));
      assertThat(production.get("/health").status()).isEqualTo(503);
      assertThat(staging.get("/health").status()).isEqualTo(200);

      Programs.run("docker", "start", production.container("db"));
      Shop.await(() -> production.get("/health").status() == 200);
      assertThat(production.answer(1, 2)).isEqualTo(content);
      assertThat(production.compose("exec", "-T", "backend", "node", "migrate.js", "--pending"))
          .isEmpty();
      production.sql("delete from migrations where name = 'Indexes'");
      assertThat(production.compose("exec", "-T", "backend", "node", "migrate.js", "--pending"))
          .isEqualTo("Indexes\n");

      Cli.in(folder).run("plan", "check").requireSuccess();
    }

    for (String kind : List.of("container", "volume", "network")) {
      String all = kind.equals("container") ? "--all" : "--quiet";
      assertThat(Programs.run("docker", kind, "ls", all, "--quiet", filter).stdout())
          .as(kind)
          .isEmpty();
    }
  }
}
