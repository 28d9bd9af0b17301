package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.ComposeProjectContract;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.FakeComposeProject;
import dev.drp.runtime.FakeComposeProject.Behaviour;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("docker")
class DockerComposeProjectTest extends ComposeProjectContract {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final LocalCommandRunner HOST = new LocalCommandRunner();

  /** What {@code ./verify} removes if a test was killed. */
  private static final String LABELS =
      "labels: [ \"drp.test=%s\" ]"
          .formatted(Optional.ofNullable(System.getenv("DRP_TEST_RUN")).orElse("by-hand"));

  @TempDir private Path folder;
  private final String name = "drp-docker-" + UUID.randomUUID().toString().substring(0, 8);
  private final List<String> imagesMade = new ArrayList<>();

  @AfterEach
  void removeEverything() {
    docker("container", "ls", "--all", "--quiet", "--filter=volume=" + name + "_data")
        .lines()
        .forEach(id -> docker("container", "rm", "--force", "--volumes", id));
    for (String kind : List.of("container", "volume", "network")) {
      String filter = "--filter=label=com.docker.compose.project=" + name;
      String all = kind.equals("container") ? "--all" : "--quiet";
      docker(kind, "ls", "--quiet", all, filter)
          .lines()
          .forEach(
              id -> {
                if (kind.equals("container")) {
                  docker(kind, "rm", "--force", "--volumes", id);
                } else {
                  docker(kind, "rm", id);
                }
              });
    }
    imagesMade.forEach(image -> docker("image", "rm", image));
  }

  @Override
  protected ComposeProject project(Given... services) {
    StringBuilder text = new StringBuilder();
    String before = "";
    for (Given given : services) {
      text.append(service(given.service(), given.behaviour(), before));
      before = given.service();
    }
    return compose(text.toString());
  }

  @Override
  protected ComposeProject projectWithoutImage() {
    return compose("  app: { image: 'drp-it/no-such-image:1' }\n");
  }

  @Override
  protected ContainerRuntime engine() {
    return TestContainers.RUNTIME;
  }

  @Override
  protected String image() {
    return TestContainers.imageId();
  }

  /** The same, with another label. */
  @Override
  protected String otherImage() {
    if (imagesMade.isEmpty()) {
      String container = docker("create", "--network=none", TestContainers.image()).strip();
      imagesMade.add(docker("commit", "--change=LABEL other=" + name, container).strip());
      docker("rm", "--volumes", container);
    }
    return imagesMade.get(0);
  }

  @Test
  void namesAVariableWithoutAValueAndTakesItFromTheTeamsFile() throws IOException {
    String service =
        service("app", Behaviour.SERVES_UNCHECKED, "")
            + "    hostname: ${DRP_IT_HOST}\n    domainname: ${DRP_IT_DOMAIN:-example.net}\n";
    ComposeProject project = compose(service);

    assertFails(ErrorCode.COMPOSE_INVALID, project::configuration)
        .hasMessageContaining("the variable DRP_IT_HOST without a value")
        .hasMessageContaining(folder.resolve(".env").toString());
    assertFails(ErrorCode.COMPOSE_INVALID, () -> project.up(List.of(), Map.of(), LIMIT));
    assertThat(project.containers()).isEmpty();

    Files.writeString(folder.resolve(".env"), "DRP_IT_HOST=shop\n");

    assertThat(project.configuration().services()).containsKey("app");
  }

  @Test
  void namesARequiredVariable() {
    ComposeProject project = compose("  app: { image: '${DRP_IT_IMAGE:?is the image}' }\n");

    assertFails(ErrorCode.COMPOSE_INVALID, project::configuration)
        .hasMessageContaining("DRP_IT_IMAGE")
        .hasMessageContaining("is the image");
  }

  @Test
  void saysWhatIsWrongWithAFile() {
    ComposeProject project = compose("  app: { imaeg: 'x' }\n");

    assertFails(ErrorCode.COMPOSE_INVALID, project::configuration).hasMessageContaining("imaeg");
    assertFails(ErrorCode.COMPOSE_INVALID, () -> project.up(List.of(), Map.of(), LIMIT));
    assertFails(ErrorCode.COMPOSE_INVALID, () -> project.down(Duration.ZERO));
  }

  @Test
  void showsNoLineOfAFileOfVariables() throws IOException {
    ComposeProject project = project(new Given("app", Behaviour.SERVES_UNCHECKED));
    Files.writeString(folder.resolve(".env"), "DB_PASSWORD=\"hush-hush\nA=b\n");

    assertFails(ErrorCode.COMPOSE_INVALID, project::configuration)
        .hasMessageContaining(".env: line ")
        .hasMessageNotContaining("hush");
  }

  /** Compose, which is ended too, may not get to removing its container. */
  @Test
  void aProgramThatIsInterruptedDoesNotGoOn() throws InterruptedException {
    compose(service("app", Behaviour.SERVES_UNCHECKED, ""));
    ComposeProject project =
        new DockerCompose(withoutArgument("--rm"), engine())
            .open(name, folder, List.of("compose.yaml"));
    Thread caller =
        new Thread(
            () -> {
              try {
                project.run("app", Map.of(), List.of("sleep", "600"), LIMIT);
              } catch (RecoveryException e) {
                // it was interrupted
              }
            });
    caller.start();
    String filter = "--filter=label=com.docker.compose.project=" + name;
    long start = System.nanoTime();
    while (docker("container", "ls", "--quiet", filter).isBlank()) {
      assertThat(System.nanoTime() - start).as("waiting").isLessThan(60_000_000_000L);
      Thread.sleep(50);
    }

    caller.interrupt();
    caller.join(60_000);

    assertThat(caller.isAlive()).isFalse();
    assertThat(docker("container", "ls", "--all", "--quiet", filter)).isBlank();
  }

  private static CommandRunner withoutArgument(String argument) {
    return new CommandRunner() {
      @Override
      public RunningCommand start(Command command) {
        List<String> others =
            command.arguments().stream().filter(it -> !it.equals(argument)).toList();
        return HOST.start(Command.of(others).within(command.timeLimit()));
      }

      @Override
      public String place() {
        return HOST.place();
      }
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "secrets.env | env_file: [secrets.env]",
        "unused.env | environment: { DB_PASSWORD: 'hush${hush' }",
        ".env | hostname: app"
      })
  void showsNoSecretThatItCannotRead(String file, String where) throws IOException {
    Files.writeString(folder.resolve(file), "DB_PASSWORD=hush${hush\n");
    ComposeProject project =
        compose("  app: { image: '%s', %s }\n".formatted(TestContainers.image(), where));

    assertFails(ErrorCode.COMPOSE_INVALID, project::configuration)
        .hasMessageContaining("***")
        .hasMessageNotContaining("hush");
  }

  @Test
  void namesAFolderOrFileThatIsNotThere() {
    DockerCompose projects = new DockerCompose(HOST, engine());
    ComposeProject elsewhere = projects.open(name, folder.resolve("gone"), List.of());
    ComposeProject empty = projects.open(name, folder, List.of());
    ComposeProject other = projects.open(name, folder, List.of("other.yml"));

    assertFails(ErrorCode.COMPOSE_INVALID, elsewhere::configuration)
        .hasMessageContaining("no folder " + folder.resolve("gone"));
    assertFails(ErrorCode.COMPOSE_INVALID, empty::configuration);
    assertFails(ErrorCode.COMPOSE_INVALID, other::configuration).hasMessageContaining("other.yml");
  }

  @Test
  void readsPortsAndExternalVolumes() throws IOException {
    Files.writeString(
        folder.resolve("docker-compose.yml"),
        """
        services:
          app:
            image: %s
            ports: ["127.0.0.1:18080:80", "18081-18082:81-82", "90"]
            volumes: [shared:/shared, ./own:/own, /nameless]
            healthcheck: { disable: true }
        volumes: { shared: { name: of-somebody-else, external: true } }
        """
            .formatted(TestContainers.image()));
    ComposeProject project =
        new DockerCompose(HOST, engine()).open(name, folder, List.of("docker-compose.yml"));

    ComposeConfiguration configuration = project.configuration();
    ComposeConfiguration.Service app = configuration.service("app");

    assertThat(app.publishedPorts()).containsExactly(18080, 18081, 18082);
    assertThat(app.volumes()).containsExactly("shared");
    assertThat(app.hasHealthCheck()).isFalse();
    assertThat(configuration.volumes())
        .containsEntry("shared", new ComposeConfiguration.Volume("of-somebody-else", true));
  }

  @Test
  void saysThatAPortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      ComposeProject project =
          compose(
              service("app", Behaviour.SERVES_UNCHECKED, "")
                  .replace("network_mode: none", "ports: ['127.0.0.1:%d:80']".formatted(port)));

      assertFails(ErrorCode.COMMAND_FAILED, () -> project.up(List.of(), Map.of(), LIMIT))
          .hasMessageContaining(Integer.toString(port))
          .hasMessageContaining("already");
    }
  }

  @Test
  void startsWhatWasStoppedOnceWhatItAwaitsIsHealthyAndTheRestAtOnce() throws IOException {
    String like =
        """
            image: %s
            network_mode: none
            stop_grace_period: 0s
            %s
        """
            .formatted(TestContainers.image(), LABELS);
    ComposeProject project =
        compose(
            """
              db:
            %1$s
                command: [sh, -c, 'rm -f /tmp/up; sleep 2; touch /tmp/up; exec sleep 3600']
                healthcheck: { test: ls /tmp/up, interval: 500ms, retries: 60 }
              app:
            %1$s
                command: [sleep, "3600"]
                depends_on: { db: { condition: service_healthy } }
              log:
            %1$s
                command: [sleep, "3600"]
                depends_on: { db: { condition: service_started } }
            """
                .formatted(like));
    project.up(List.of(), Map.of(), LIMIT);
    project.containers().forEach(container -> engine().stop(container, Duration.ZERO));

    project.start(project.containers(), LIMIT);

    assertThat(project.containers()).hasSize(3).allMatch(Container::isUp);
    assertThat(startOf("app")).isAfter(startOf("db").plusSeconds(2));
    assertThat(startOf("log")).isBetween(startOf("db"), startOf("db").plusSeconds(2));
  }

  private Instant startOf(String service) {
    return Instant.parse(
        docker("inspect", "--format={{.State.StartedAt}}", container(service).name()).strip());
  }

  /** Compose gives up a service that waits for an unhealthy one at once. */
  @Test
  void waitsForOneThatWasUnhealthyBeforeAndRecovers() throws IOException {
    ComposeProject project =
        compose(
            """
              db:
                image: %1$s
                command: [sh, -c, 'touch /tmp/up; exec sleep 3600']
                network_mode: none
                %2$s
                healthcheck: { test: ls /tmp/up, interval: 1s, retries: 1 }
              app:
                image: %1$s
                command: [sleep, "3600"]
                network_mode: none
                %2$s
                depends_on: { db: { condition: service_healthy } }
            """
                .formatted(TestContainers.image(), LABELS));
    project.up(List.of("db"), Map.of(), LIMIT);
    docker("exec", container("db").id(), "rm", "/tmp/up");
    while (container("db").isUp()) {
      Thread.onSpinWait();
    }
    docker("exec", "--detach", container("db").id(), "sh", "-c", "sleep 2; touch /tmp/up");

    project.up(List.of(), Map.of(), LIMIT);

    assertThat(container("app").isUp()).isTrue();
    assertThat(container("db").health()).contains(Container.Health.HEALTHY);
  }

  @Test
  void runsTheImagesThatItIsToldAlsoWithFilesThatComposeFindsByItself() throws IOException {
    compose(service("app", Behaviour.SERVES_UNCHECKED, ""));
    Files.writeString(
        folder.resolve("compose.override.yaml"), "services: { app: { hostname: overridden } }\n");
    ComposeProject project = new DockerCompose(HOST, engine()).open(name, folder, List.of());

    project.up(List.of(), Map.of("app", otherImage()), LIMIT);

    assertThat(container("app").image().id()).isEqualTo(otherImage());
    assertThat(docker("exec", container("app").id(), "hostname")).isEqualTo("overridden\n");
  }

  @Test
  void leavesAContainerAsItIsWhoseFileHasChanged() {
    String service = service("app", Behaviour.SERVES_UNCHECKED, "");
    compose(service).up(List.of(), Map.of(), LIMIT);
    Container before = container("app");

    compose(service + "    hostname: another\n").up(List.of(), Map.of(), LIMIT);

    assertThat(container("app")).isEqualTo(before);
  }

  @Test
  void saysThatOneIsStartedAgainAndAgain() {
    ComposeProject project =
        compose(service("app", Behaviour.ENDS_BADLY, "") + "    restart: always\n");

    assertFails(
            ErrorCode.SERVICE_UNHEALTHY,
            () -> project.up(List.of(), Map.of(), Duration.ofSeconds(8)))
        .hasMessageContaining("is started again and again, and ends with exit code 1")
        .hasMessageContaining("this is ENDS_BADLY");
  }

  @Test
  void theTeamsOwnComposeTakesTheVolumesForItsOwn() throws IOException {
    String external = name + "-external";
    String file =
        """
        services:
          app: { image: '%s', network_mode: none, %s, volumes: ["data:/data", "shared:/shared"] }
        volumes:
          data: { %s }
          shared: { name: %s, external: true }
        """;
    Files.writeString(
        folder.resolve("compose.yaml"),
        file.formatted(TestContainers.image(), LABELS, LABELS, external));
    ComposeProject project =
        new DockerCompose(HOST, engine()).open(name, folder, List.of("compose.yaml"));

    try {
      project.createVolumes(List.of("data", "shared"), Map.of());

      String up = "cd '%s' && docker compose --project-name %s up --no-start 2>&1";
      assertThat(HOST.run(Command.of("sh", "-c", up.formatted(folder, name))))
          .contains("Created")
          .doesNotContain("already exists", "Volume", "rphan");
      assertThat(container("app").volumes())
          .extracting(Container.Mount::volume)
          .contains(name + "_data", external);
    } finally {
      docker("compose", "--project-name", name, "down", "--timeout=0");
      docker("volume", "rm", external);
    }
  }

  private ComposeProject compose(String services) {
    String text =
        "services:\n%svolumes:\n  data: { %s }\nnetworks:\n  default: { %s }\n"
            .formatted(services, LABELS, LABELS);
    try {
      Files.writeString(folder.resolve("compose.yaml"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new DockerCompose(HOST, engine()).open(name, folder, List.of("compose.yaml"));
  }

  private static String service(String service, Behaviour behaviour, String dependsOn) {
    String then =
        switch (behaviour) {
          case SERVES, SERVES_UNCHECKED, NEVER_HEALTHY -> "exec sleep 3600";
          case ENDS_WELL -> "exit 0";
          case ENDS_BADLY -> "exit 1";
        };
    String check =
        switch (behaviour) {
          case SERVES -> "    healthcheck: { test: 'true', interval: 500ms, retries: 100 }\n";
          case NEVER_HEALTHY -> "    healthcheck: { test: 'false', interval: 1s, retries: 100 }\n";
          case SERVES_UNCHECKED, ENDS_WELL, ENDS_BADLY -> "";
        };
    return """
      %s:
        image: %s
        %s
        network_mode: none
        stop_grace_period: 0s
        environment: { FAKE_PASSWORD: %s }
        command: [sh, -c, "echo the password is $$FAKE_PASSWORD; echo this is %s >&2; %s"]
        volumes: ["data:/data"]
    """
            .formatted(
                service, TestContainers.image(), LABELS, FakeComposeProject.SECRET, behaviour, then)
        + check
        + (dependsOn.isEmpty() ? "" : "    depends_on: [%s]\n".formatted(dependsOn));
  }

  private Container container(String service) {
    return engine().container(name + "-" + service + "-1");
  }

  private static String docker(String... arguments) {
    List<String> command = new ArrayList<>(List.of("docker"));
    command.addAll(List.of(arguments));
    return HOST.run(Command.of(command));
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }
}
