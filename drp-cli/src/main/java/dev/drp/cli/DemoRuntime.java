package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.cli.demo.DemoServers;
import dev.drp.runtime.Command;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ImageIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds what the demo can run PostgreSQL on: an image on a container engine, else the programs of
 * this machine, else programs or an image that it may get.
 */
final class DemoRuntime {
  /** Newest last: the demo shows what the reference plan runs. */
  private static final List<Integer> MAJOR_VERSIONS = List.of(15, 16, 17);

  /**
   * By what names an image may be there; the second is what ./verify makes where none can be had.
   */
  private static final List<String> IMAGES = List.of("postgres:%d", "drp-it/postgres:%d");

  private static final Duration PULL_LIMIT = Duration.ofMinutes(5);
  private static final Duration INSTALL_LIMIT = Duration.ofMinutes(10);
  private static final Path PROGRAMS = Path.of("/usr/lib/postgresql");

  private final Adapters adapters;
  private final Console console;
  private final Progress progress;

  DemoRuntime(Adapters adapters, Console console, Progress progress) {
    this.adapters = adapters;
    this.console = console;
    this.progress = progress;
  }

  /** Where the demo is to run. */
  enum Choice {
    ANY,
    DOCKER,
    HOST
  }

  /**
   * @param install whether programs may be installed without asking
   * @throws RecoveryException with COMMAND_NOT_FOUND when there is nothing to run on
   */
  DemoServers servers(Choice choice, boolean install) {
    return switch (choice) {
      case DOCKER -> onDocker().or(this::onDockerWithPull).orElseThrow(DemoRuntime::nothing);
      case HOST -> onHost().or(() -> onHostAfterInstall(install)).orElseThrow(DemoRuntime::nothing);
      case ANY ->
          onDocker()
              .or(this::onHost)
              .or(this::onDockerWithPull)
              .or(() -> onHostAfterInstall(install))
              .orElseThrow(DemoRuntime::nothing);
    };
  }

  /** Empty where no engine answers, which is known once it is asked. */
  private Optional<DemoServers> onDocker() {
    try {
      ContainerRuntime engine = adapters.engine();
      return MAJOR_VERSIONS.stream()
          .flatMap(
              major ->
                  IMAGES.stream()
                      .map(name -> engine.image(name.formatted(major)))
                      .flatMap(Optional::stream)
                      .map(image -> onDocker(image, major)))
          .findFirst();
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.ENGINE_UNAVAILABLE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private DemoServers onDocker(ImageIdentity image, int major) {
    return new DemoServers("docker", adapters.sandboxes(), Optional.of(image), major);
  }

  private Optional<DemoServers> onDockerWithPull() {
    String image = "postgres:" + MAJOR_VERSIONS.get(0);
    progress.message("getting the image " + image);
    try {
      adapters.programs().run(Command.of("docker", "pull", "--quiet", image).within(PULL_LIMIT));
    } catch (RecoveryException e) {
      progress.message("there is no getting it: " + e.problem());
      return Optional.empty();
    }
    return onDocker();
  }

  private Optional<DemoServers> onHost() {
    return MAJOR_VERSIONS.stream()
        .filter(major -> Files.isExecutable(PROGRAMS.resolve(major + "/bin/initdb")))
        .findFirst()
        .map(major -> new DemoServers("host", adapters.sandboxes(), Optional.empty(), major));
  }

  private Optional<DemoServers> onHostAfterInstall(boolean unasked) {
    if (!Files.isExecutable(Path.of("/usr/bin/apt-get"))
        || !"root".equals(System.getProperty("user.name"))) {
      return Optional.empty();
    }
    if (!unasked && !agreed()) {
      return Optional.empty();
    }
    install();
    return onHost();
  }

  private boolean agreed() {
    return console.terminals().in()
        && console
            .ask("There is no PostgreSQL to run the demo on. Install its Debian package? [y/N] ")
            .filter(answer -> answer.strip().equalsIgnoreCase("y"))
            .isPresent();
  }

  /** Debian's package would make a server and start it: a demo must not leave one running. */
  private void install() {
    progress.message("installing PostgreSQL");
    Path noServer = Path.of("/etc/postgresql-common/createcluster.d/drp-demo.conf");
    apt("update");
    apt("install", "--no-install-recommends", "postgresql-common");
    try {
      Files.writeString(noServer, "create_main_cluster = false\n");
      try {
        apt("install", "--no-install-recommends", "postgresql");
      } finally {
        Files.deleteIfExists(noServer);
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot write %s: %s".formatted(noServer, e),
          "install the package postgresql by hand.",
          e);
    }
  }

  private void apt(String... arguments) {
    List<String> command =
        Stream.concat(Stream.of("apt-get", "--yes", "--quiet"), Stream.of(arguments)).toList();
    adapters
        .programs()
        .run(
            Command.of(command)
                .within(INSTALL_LIMIT)
                .withEnvironment(Map.of("DEBIAN_FRONTEND", new Secret("noninteractive"))));
  }

  private static RecoveryException nothing() {
    return new RecoveryException(
        ErrorCode.COMMAND_NOT_FOUND,
        "there is nothing to run PostgreSQL on: no container engine with an image of it, and no"
            + " programs of PostgreSQL %s".formatted(MAJOR_VERSIONS),
        "start Docker and pull postgres:15, or install PostgreSQL; as root on Debian or Ubuntu,"
            + " --yes does it.");
  }
}
