package dev.drp.docker;

import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;

/** A plain container of the tests' image, in which nothing runs but sleep. */
final class TestContainers {
  static final DockerContainerRuntime RUNTIME = DockerContainerRuntime.of(System.getenv());

  private TestContainers() {}

  static ThrowawayContainer start() {
    return start("test-" + UUID.randomUUID());
  }

  static ThrowawayContainer start(String owner) {
    return RUNTIME.startThrowaway(request(owner));
  }

  static ThrowawayRequest request(String owner) {
    return new ThrowawayRequest(
        owner,
        imageId(),
        Map.of(),
        List.of("sleep", "3600"),
        OptionalLong.empty(),
        OptionalLong.empty());
  }

  static String image() {
    String fromProperty = System.getProperty("DRP_IT_POSTGRES_IMAGE");
    String fromEnvironment = System.getenv("DRP_IT_POSTGRES_IMAGE");
    return fromProperty != null
        ? fromProperty
        : fromEnvironment != null ? fromEnvironment : "drp-it/postgres:15";
  }

  static String imageId() {
    return RUNTIME.image(image()).orElseThrow().id();
  }
}
