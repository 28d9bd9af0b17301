package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ComposeConfigurationTest {
  private final ComposeConfiguration stack =
      new ComposeConfiguration(
          Map.of(
              "backend", service("db", "cache"),
              "cache", service(),
              "db", service(),
              "frontend", service(),
              "nginx", service("frontend", "backend"),
              "a-worker", service("nginx")),
          Map.of());

  @Test
  void putsEachServiceAfterThoseThatItNeeds() {
    assertThat(stack.inOrder())
        .containsExactly("cache", "db", "backend", "frontend", "nginx", "a-worker");
  }

  @Test
  void findsWhatAServiceNeedsAndWhatNeedsIt() {
    assertThat(stack.withDependencies(List.of("backend")))
        .containsExactly("cache", "db", "backend");
    assertThat(stack.withDependents(List.of("db")))
        .containsExactly("db", "backend", "nginx", "a-worker");
    assertThat(stack.withDependencies(List.of("no-such-service"))).isEmpty();
  }

  @Test
  void endsForACircleAndForAServiceOfAnotherProfile() {
    ComposeConfiguration odd =
        new ComposeConfiguration(
            Map.of("a", service("b"), "b", service("a"), "c", service("absent")), Map.of());

    assertThat(odd.inOrder()).containsExactlyInAnyOrder("a", "b", "c");
  }

  private static ComposeConfiguration.Service service(String... dependsOn) {
    return new ComposeConfiguration.Service(
        Optional.of("image:1"), List.of(dependsOn), List.of(), List.of(), List.of(), false);
  }
}
