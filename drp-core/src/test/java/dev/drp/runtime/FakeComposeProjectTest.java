package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.RecoveryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FakeComposeProjectTest extends ComposeProjectContract {
  private static final String IMAGE = "sha256:" + "1".repeat(64);
  private static final String OTHER = "sha256:" + "2".repeat(64);

  @TempDir private Path folder;

  @BeforeEach
  void addImages() {
    engine().addImage("app:1", IMAGE);
    engine().addImage("app:2", OTHER);
  }

  @Override
  protected ComposeProject project(Given... services) {
    return project("app:1", services);
  }

  @Override
  protected ComposeProject projectWithoutImage() {
    return project("absent:1", new Given("app", FakeComposeProject.Behaviour.SERVES));
  }

  @Override
  protected FakeContainerRuntime engine() {
    return new FakeContainerRuntime(folder);
  }

  @Override
  protected String image() {
    return IMAGE;
  }

  @Override
  protected String otherImage() {
    return OTHER;
  }

  @Test
  void anotherProcessGoesOnWithItsState() {
    ComposeProject first = project(new Given("db", FakeComposeProject.Behaviour.SERVES));
    first.up(List.of(), Map.of(), Duration.ofSeconds(1));
    engine().crash("shop-db-1", 137);

    ComposeProject second = project(new Given("db", FakeComposeProject.Behaviour.SERVES));

    assertThat(second.containers().get(0).end().orElseThrow().exitCode()).isEqualTo(137);
    second.up(List.of(), Map.of(), Duration.ofSeconds(1));
    assertThat(second.containers().get(0).isUp()).isTrue();
    assertThat(engine().calls())
        .containsExactly("up", "create shop-db-1", "start shop-db-1", "up", "start shop-db-1");
  }

  @Test
  void aServiceThatBecomesUnhealthyIsNotUp() {
    ComposeProject project = project(new Given("db", FakeComposeProject.Behaviour.SERVES));
    project.up(List.of(), Map.of(), Duration.ofSeconds(1));

    engine().setHealth("shop-db-1", Container.Health.UNHEALTHY);

    assertThat(project.containers().get(0).isUp()).isFalse();
    assertThatThrownBy(() -> project.up(List.of(), Map.of(), Duration.ofSeconds(1)))
        .isInstanceOf(RecoveryException.class);
  }

  private ComposeProject project(String image, Given... services) {
    Map<String, ComposeConfiguration.Service> definitions = new HashMap<>();
    Map<String, FakeComposeProject.Behaviour> behaviours = new HashMap<>();
    List<String> before = new ArrayList<>();
    for (Given given : services) {
      boolean checked =
          switch (given.behaviour()) {
            case SERVES, NEVER_HEALTHY -> true;
            case SERVES_UNCHECKED, ENDS_WELL, ENDS_BADLY -> false;
          };
      definitions.put(
          given.service(),
          new ComposeConfiguration.Service(
              Optional.of(image), before, before, List.of("data"), List.of(), checked));
      behaviours.put(given.service(), given.behaviour());
      before = List.of(given.service());
    }
    ComposeConfiguration configuration =
        new ComposeConfiguration(
            definitions, Map.of("data", new ComposeConfiguration.Volume("shop_data", false)));
    return new FakeComposeProject("shop", engine(), configuration, behaviours);
  }
}
