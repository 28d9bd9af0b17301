package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.files.FileIndex;
import dev.drp.files.VolumeFiles;
import dev.drp.runtime.FakeComposeProject.Behaviour;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link ComposeProject} keeps. */
public abstract class ComposeProjectContract {
  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final Duration SHORT = Duration.ofSeconds(6);
  private static final Duration GRACE = Duration.ZERO;

  @TempDir private Path temporary;

  /**
   * A project of these services, nothing of which is there yet. Each depends on the one before it,
   * mounts the volume {@code data}, and prints what {@link Behaviour#printed()} says.
   */
  protected abstract ComposeProject project(Given... services);

  /** A project whose only service {@code app} is of an image that is not there. */
  protected abstract ComposeProject projectWithoutImage();

  /** A service and what becomes of it. */
  public record Given(String service, Behaviour behaviour) {}

  /** The engine that the projects are on. */
  protected abstract ContainerRuntime engine();

  /** The content id of the image that all services have by name. */
  protected abstract String image();

  /** The content id of another image, in which the same services can run. */
  protected abstract String otherImage();

  @Test
  void givesTheEngineImagesThatWereSaved() throws IOException {
    ComposeProject project = project(serves("db"));
    project.requireProgram();

    try (InputStream tar = engine().openImages(List.of(image()))) {
      project.loadImages(tar);
    }

    assertThat(engine().image(image())).isPresent();
  }

  @Test
  void tellsWhatItsFilesSay() {
    ComposeProject project = project(serves("db"), unchecked("app"));

    ComposeConfiguration configuration = project.configuration();

    assertThat(configuration.inOrder()).containsExactly("db", "app");
    ComposeConfiguration.Service app = configuration.service("app");
    assertThat(app.dependsOn()).containsExactly("db");
    assertThat(app.awaits()).isSubsetOf(app.dependsOn());
    assertThat(app.volumes()).containsExactly("data");
    assertThat(app.hasHealthCheck()).isFalse();
    assertThat(configuration.service("db").hasHealthCheck()).isTrue();
    assertThat(configuration.volumes())
        .containsExactly(
            Map.entry("data", new ComposeConfiguration.Volume(project.name() + "_data", false)));
    assertThat(engine().image(app.image().orElseThrow()).orElseThrow().id()).isEqualTo(image());
    assertThat(project.containers()).isEmpty();
  }

  @Test
  void startsAllServicesAndAwaitsThem() {
    ComposeProject project =
        project(serves("db"), unchecked("app"), new Given("once", Behaviour.ENDS_WELL));

    project.up(List.of(), Map.of(), LIMIT);

    assertThat(project.containers())
        .extracting(container -> container.composeService().orElseThrow())
        .containsExactly("app", "db", "once");
    assertThat(container(project, "db").health()).contains(Container.Health.HEALTHY);
    assertThat(container(project, "app").isUp()).isTrue();
    assertThat(container(project, "app").health()).isEmpty();
    Container once = container(project, "once");
    assertThat(once.isUp()).isFalse();
    assertThat(once.end().orElseThrow().exitCode()).isZero();
    assertThat(engine().volumes())
        .anySatisfy(
            volume -> {
              assertThat(volume.name()).isEqualTo(project.name() + "_data");
              assertThat(volume.composeProject()).contains(project.name());
              assertThat(volume.composeKey()).contains("data");
            });
  }

  @Test
  void makesTheContainerOfAServiceOnceAndStartsNothing() {
    ComposeProject project = project(serves("db"), unchecked("app"));

    Container made = project.create("app", Map.of());

    assertThat(project.containers())
        .singleElement()
        .satisfies(it -> assertThat(it.isUp()).isFalse());
    assertThat(project.create("app", Map.of()).id()).isEqualTo(made.id());
    Container other = project.create("app", Map.of("app", otherImage()));
    assertThat(other.image().id()).isEqualTo(otherImage());
    assertThat(project.containers()).hasSize(1);
    assertFails(ErrorCode.COMPOSE_INVALID, () -> project.create("aap", Map.of()));
  }

  @Test
  void runsAProgramInAContainerOfItsOwnAndLeavesNothing() {
    ComposeProject project = project(serves("db"), unchecked("app"));

    assertThat(run(project, "app", "echo hello; exit 0")).isEqualTo("hello\n");
    assertThat(run(project, "app", "echo hello >&2; exit 0")).isEmpty();
    assertFails(ErrorCode.COMMAND_FAILED, () -> run(project, "app", "echo oh-no >&2; exit 3"))
        .hasMessageContaining("oh-no")
        .hasMessageContaining("exit code 3");
    assertFails(ErrorCode.COMPOSE_INVALID, () -> run(project, "aap", "echo hello; exit 0"));

    assertThat(project.containers()).isEmpty();
    assertThat(engine().containers())
        .noneMatch(it -> it.composeProject().filter(project.name()::equals).isPresent());
  }

  private static String run(ComposeProject project, String service, String script) {
    return project.run(service, Map.of(), List.of("sh", "-c", script), LIMIT);
  }

  @Test
  void startsOnlyWhatIsAskedForAndWhatItNeeds() {
    ComposeProject project = project(serves("a"), unchecked("b"), unchecked("c"));

    project.up(List.of("b"), Map.of(), LIMIT);

    assertThat(project.containers())
        .extracting(container -> container.composeService().orElseThrow())
        .containsExactly("a", "b");
  }

  @Test
  void leavesWhatIsUpAsItIsAndStartsWhatIsNot() {
    ComposeProject project = project(serves("db"), unchecked("app"));
    project.up(List.of(), Map.of(), LIMIT);
    Container db = container(project, "db");
    Container app = container(project, "app");
    engine().stop(app, GRACE);
    assertThat(container(project, "app").end()).isPresent();

    project.up(List.of(), Map.of(), LIMIT);

    assertThat(container(project, "db")).isEqualTo(db);
    assertThat(container(project, "app").id()).isEqualTo(app.id());
    assertThat(container(project, "app").isUp()).isTrue();
  }

  @Test
  void startsContainersThatWereStoppedInTheOrderOfTheirDependencies() {
    ComposeProject project = project(serves("db"), unchecked("app"), serves("web"));
    project.up(List.of(), Map.of(), LIMIT);
    Container db = container(project, "db");
    engine().stop(container(project, "app"), GRACE);
    engine().stop(container(project, "web"), GRACE);

    project.start(project.containers(), LIMIT);

    assertThat(project.containers()).hasSize(3).allMatch(Container::isUp);
    assertThat(container(project, "db")).isEqualTo(db);
    assertThat(container(project, "web").health()).contains(Container.Health.HEALTHY);
  }

  @Test
  void saysWhichOfTheContainersThatAreStartedDoesNotComeUp() {
    ComposeProject project = project(serves("db"), new Given("app", Behaviour.ENDS_BADLY));
    project.up(List.of("db"), Map.of(), LIMIT);
    Container app = project.create("app", Map.of());

    assertFails(ErrorCode.SERVICE_UNHEALTHY, () -> project.start(List.of(app), LIMIT))
        .hasMessageContaining("service app of " + project.name())
        .hasMessageContaining("this is ENDS_BADLY");
  }

  @Test
  void runsTheImagesThatItIsTold() {
    ComposeProject project = project(serves("db"), unchecked("app"));
    project.up(List.of(), Map.of(), LIMIT);
    Container db = container(project, "db");
    Map<String, String> images = Map.of("db", image(), "app", otherImage());

    project.up(List.of(), images, LIMIT);

    Container app = container(project, "app");
    assertThat(app.image().id()).isEqualTo(otherImage());
    assertThat(app.isUp()).isTrue();
    assertThat(container(project, "db")).isEqualTo(db);

    project.up(List.of(), images, LIMIT);

    assertThat(container(project, "app")).isEqualTo(app);
  }

  @Test
  void showsTheLogOfAServiceThatEndsBadly() {
    ComposeProject project = project(serves("db"), new Given("app", Behaviour.ENDS_BADLY));

    assertFails(ErrorCode.SERVICE_UNHEALTHY, () -> project.up(List.of(), Map.of(), LIMIT))
        .hasMessageContaining("service app of " + project.name())
        .hasMessageContaining("ended with exit code 1")
        .hasMessageContaining("this is ENDS_BADLY")
        .hasMessageNotContaining(FakeComposeProject.SECRET);

    assertThat(container(project, "db").running()).isTrue();
  }

  @Test
  void showsTheLogOfAServiceThatIsNotHealthyInTime() {
    ComposeProject project = project(new Given("db", Behaviour.NEVER_HEALTHY), unchecked("app"));

    assertFails(ErrorCode.SERVICE_UNHEALTHY, () -> project.up(List.of(), Map.of(), SHORT))
        .hasMessageContaining("service db of " + project.name())
        .hasMessageContaining("is not healthy")
        .hasMessageContaining("this is NEVER_HEALTHY")
        .hasMessageNotContaining(FakeComposeProject.SECRET);
  }

  @Test
  void refusesAServiceThatThereIsNot() {
    ComposeProject project = project(serves("db"));

    assertFails(ErrorCode.COMPOSE_INVALID, () -> project.up(List.of("dv"), Map.of(), LIMIT))
        .hasMessageContaining("dv");
    assertThat(project.containers()).isEmpty();
  }

  @Test
  void startsNothingWhenAnImageIsNotThere() {
    assertFails(
            ErrorCode.IMAGE_NOT_FOUND, () -> projectWithoutImage().up(List.of(), Map.of(), LIMIT))
        .hasMessageContaining("of service app");

    ComposeProject project = project(serves("db"), unchecked("app"));
    String absent = "sha256:" + "0".repeat(64);
    assertFails(
            ErrorCode.IMAGE_NOT_FOUND, () -> project.up(List.of(), Map.of("app", absent), LIMIT))
        .hasMessageContaining(absent + " of service app");
    assertThat(project.containers()).isEmpty();
  }

  @Test
  void takesItsContainersDownAndKeepsItsVolumes() {
    ComposeProject project = project(serves("db"), unchecked("app"));
    project.up(List.of(), Map.of(), LIMIT);

    project.down(GRACE);
    project.down(GRACE);

    assertThat(project.containers()).isEmpty();
    assertThat(engine().volumes()).extracting(Volume::name).contains(project.name() + "_data");
  }

  @Test
  void makesVolumesAndNothingElse() {
    ComposeProject project = project(serves("db"));

    assertFails(ErrorCode.COMPOSE_INVALID, () -> project.createVolumes(List.of("dota"), Map.of()))
        .hasMessageContaining("dota");
    project.createVolumes(List.of("data"), Map.of("db", image()));
    project.createVolumes(List.of("data"), Map.of());

    assertThat(project.containers()).isEmpty();
    assertThat(engine().volumes())
        .filteredOn(it -> it.name().equals(project.name() + "_data"))
        .singleElement()
        .satisfies(
            volume -> {
              assertThat(volume.composeProject()).contains(project.name());
              assertThat(volume.composeKey()).contains("data");
            });
  }

  @Test
  void aVolumeIsFilledBeforeAnythingStarts() throws IOException {
    ComposeProject project = project(serves("db"));
    project.createVolumes(List.of("data"), Map.of());
    VolumeFiles files = new VolumeFiles(engine(), project.name() + "_data");
    assertThat(files.isEmpty(image())).isTrue();
    assertThat(files.isHalfFilled()).isFalse();

    byte[] tar = tarOfFiles();
    assertThatThrownBy(
            () -> files.fill(new ByteArrayInputStream(tar, 0, tar.length - 4096), image()))
        .hasMessageContaining("HINT:");
    assertThat(files.isHalfFilled()).isTrue();
    assertThat(files.isInUse()).isFalse();
    files.fill(new ByteArrayInputStream(tar), image());

    assertThat(FileIndex.of(new ByteArrayInputStream(tar)).differencesOf(files.index(image()), ""))
        .isEmpty();
    assertThat(files.isHalfFilled()).isTrue();
    files.complete();
    assertThat(files.isHalfFilled()).isFalse();
    assertThat(files.isEmpty(image())).isFalse();

    project.up(List.of(), Map.of(), LIMIT);

    assertThat(files.isInUse()).isTrue();
    assertThatThrownBy(files::remove).hasMessageContaining("HINT:");
    assertThat(FileIndex.of(new ByteArrayInputStream(tar)).differencesOf(files.index(image()), ""))
        .isEmpty();
    project.down(GRACE);
    files.remove();
    files.remove();
    assertThat(files.exists()).isFalse();
  }

  private byte[] tarOfFiles() throws IOException {
    String make =
        "cd '%s' && mkdir -p a/b && head -c 300000 /dev/zero > a/b/picture && chmod 640 a/b/picture"
            + " && ln a/b/picture same && ln -s ../../elsewhere outside && mkfifo pipe && echo z >"
            + " z && touch -d @1000000000 a/b/picture && chmod 2750 . && tar -cf ../files.tar"
            + " --format=pax .";
    Path from = Files.createDirectories(temporary.resolve("from"));
    new LocalCommandRunner().run(Command.of("sh", "-c", make.formatted(from)));
    return Files.readAllBytes(temporary.resolve("files.tar"));
  }

  private static Given serves(String service) {
    return new Given(service, Behaviour.SERVES);
  }

  private static Given unchecked(String service) {
    return new Given(service, Behaviour.SERVES_UNCHECKED);
  }

  private static Container container(ComposeProject project, String service) {
    return project.containers().stream()
        .filter(container -> container.composeService().orElse("").equals(service))
        .findFirst()
        .orElseThrow();
  }

  private static AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      ErrorCode code, ThrowingCallable call) {
    return assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }
}
