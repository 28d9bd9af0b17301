package dev.drp.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.toSet;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Compose project on a {@link FakeContainerRuntime}, which keeps its state in files. Each call is
 * noted there, as {@code up} or {@code down} with the names of services.
 */
public final class FakeComposeProject implements ComposeProject {
  /** What a service prints, and no error may show: the value of a variable FAKE_PASSWORD. */
  public static final String SECRET = "open sesame";

  private final String name;
  private final FakeContainerRuntime engine;
  private final ComposeConfiguration configuration;
  private final Map<String, Behaviour> behaviours;
  private final Programs programs;

  /**
   * A project whose services all serve, but for those named in {@code behaviours}. Images have to
   * be added to the engine.
   */
  public FakeComposeProject(
      String name,
      FakeContainerRuntime engine,
      ComposeConfiguration configuration,
      Map<String, Behaviour> behaviours) {
    this(name, engine, configuration, behaviours, FakeComposeProject::likeAShell);
  }

  /** The same, in which other programs can be run. */
  public FakeComposeProject(
      String name,
      FakeContainerRuntime engine,
      ComposeConfiguration configuration,
      Map<String, Behaviour> behaviours,
      Programs programs) {
    this.programs = programs;
    this.name = name;
    this.engine = engine;
    this.configuration = configuration;
    this.behaviours = Map.copyOf(behaviours);
  }

  /** What becomes of a service's container once it is started. */
  public enum Behaviour {
    /** It is healthy. */
    SERVES,
    /** It runs, and has no health check. */
    SERVES_UNCHECKED,
    NEVER_HEALTHY,
    /** It ends with exit code 0. */
    ENDS_WELL,
    /** It ends with exit code 1. */
    ENDS_BADLY;

    /** What it prints. */
    public List<String> printed() {
      return List.of("the password is " + SECRET, "this is " + name());
    }
  }

  @Override
  public String name() {
    return name;
  }

  /** The name of a service's container. */
  public String container(String service) {
    return name + "-" + service + "-1";
  }

  @Override
  public void requireProgram() {
    // It is there.
  }

  @Override
  public void loadImages(InputStream tar) {
    try {
      for (String line : new String(tar.readAllBytes(), UTF_8).lines().toList()) {
        String[] image = line.split("=", 2);
        engine.addImage(image[0], image[1]);
        engine.note("load " + image[0]);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public ComposeConfiguration configuration() {
    return configuration;
  }

  @Override
  public List<Container> containers() {
    return engine.containers().stream()
        .filter(container -> container.composeProject().equals(Optional.of(name)))
        .toList();
  }

  @Override
  public void createVolumes(Collection<String> volumes, Map<String, String> images) {
    for (String key : volumes) {
      if (!configuration.volumes().containsKey(key)) {
        throw new RecoveryException(
            ErrorCode.COMPOSE_INVALID,
            "the Compose files of %s have no volume %s".formatted(name, key),
            "correct the name.");
      }
      ComposeConfiguration.Volume volume = configuration.volume(key);
      engine.addVolume(volume.name(), volume.external() ? Map.of() : volumeLabels(key));
    }
  }

  @Override
  public void up(List<String> services, Map<String, String> images, Duration limit) {
    engine.note(("up " + String.join(" ", services)).strip());
    for (String service : services) {
      if (!configuration.services().containsKey(service)) {
        throw noService(service);
      }
    }
    List<String> wanted =
        services.isEmpty() ? configuration.inOrder() : configuration.withDependencies(services);
    Map<String, ImageIdentity> chosen = new TreeMap<>();
    wanted.forEach(service -> chosen.put(service, image(service, images)));
    configuration
        .volumes()
        .forEach((key, volume) -> engine.addVolume(volume.name(), volumeLabels(key)));
    for (String service : wanted) {
      ImageIdentity image = Objects.requireNonNull(chosen.get(service));
      Optional<Container> existing = find(service);
      if (existing.isPresent()
          && images.containsKey(service)
          && !existing.orElseThrow().image().id().equals(image.id())) {
        engine.remove(existing.orElseThrow());
        existing = Optional.empty();
      }
      if (existing.isEmpty()) {
        create(service, image);
      }
      engine.start(engine.container(container(service)));
      requireUp(service);
    }
  }

  @Override
  public void start(List<Container> containers, Duration limit) {
    Set<String> services =
        containers.stream()
            .filter(it -> !it.running())
            .flatMap(it -> it.composeService().stream())
            .collect(toSet());
    engine.note("start " + String.join(" ", new TreeSet<>(services)));
    for (String service : configuration.inOrder()) {
      if (services.contains(service)) {
        engine.start(engine.container(container(service)));
        requireUp(service);
      }
    }
  }

  @Override
  public Container create(String service, Map<String, String> images) {
    if (!configuration.services().containsKey(service)) {
      throw noService(service);
    }
    ImageIdentity image = image(service, images);
    Optional<Container> existing = find(service);
    boolean another =
        images.containsKey(service)
            && existing.filter(it -> !it.image().id().equals(image.id())).isPresent();
    if (another) {
      engine.stop(existing.orElseThrow(), Duration.ZERO);
      engine.remove(existing.orElseThrow());
    }
    if (another || existing.isEmpty()) {
      create(service, image);
    }
    return engine.container(container(service));
  }

  @Override
  public String run(
      String service, Map<String, String> images, List<String> program, Duration limit) {
    engine.note("run %s %s".formatted(service, String.join(" ", program)));
    if (!configuration.services().containsKey(service)) {
      throw noService(service);
    }
    image(service, images);
    return programs.run(program);
  }

  /** What programs print that are run in a container of their own. */
  public interface Programs {
    String run(List<String> program);
  }

  @Override
  public void down(Duration grace) {
    engine.note("down");
    for (Container container : containers()) {
      engine.stop(container, grace);
      engine.remove(container);
    }
  }

  private RecoveryException noService(String service) {
    return new RecoveryException(
        ErrorCode.COMPOSE_INVALID,
        "the Compose files of %s have no service %s".formatted(name, service),
        "correct the name.");
  }

  /** Those of the contract: {@code sh -c 'echo WORD; exit CODE'}. */
  private static String likeAShell(List<String> program) {
    Matcher script =
        Pattern.compile("echo (\\S+)( >&2)?; exit (\\d+)").matcher(program.get(program.size() - 1));
    if (!script.matches()) {
      throw new IllegalArgumentException(program.toString());
    }
    if (!script.group(3).equals("0")) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "sh ended with exit code %s: %s".formatted(script.group(3), script.group(1)),
          "mend it.");
    }
    return script.group(2) == null ? script.group(1) + "\n" : "";
  }

  private void create(String service, ImageIdentity image) {
    Map<String, String> labels = new HashMap<>();
    labels.put("com.docker.compose.project", name);
    labels.put("com.docker.compose.service", service);
    List<String> volumes =
        definition(service).volumes().stream()
            .map(key -> Objects.requireNonNull(configuration.volumes().get(key), key).name())
            .toList();
    engine.create(
        container(service),
        image,
        labels,
        volumes,
        behaviours.getOrDefault(service, Behaviour.SERVES));
  }

  private ImageIdentity image(String service, Map<String, String> images) {
    String reference = definition(service).image().orElseThrow();
    String wanted = images.getOrDefault(service, reference);
    return engine
        .image(wanted)
        .map(found -> new ImageIdentity(reference, found.id(), found.repositoryDigests()))
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "images of %s are not on the engine: %s of service %s"
                        .formatted(name, wanted, service),
                    "load it first."));
  }

  private void requireUp(String service) {
    Container container = engine.container(container(service));
    if (container.isUp() || container.end().map(end -> end.exitCode() == 0).orElse(false)) {
      return;
    }
    String state =
        container
            .end()
            .map(end -> "ended with exit code " + end.exitCode())
            .orElse("is not healthy in time");
    List<String> log = HiddenSecrets.of(container).hideIn(engine.lastLogLines(container, 20));
    throw new RecoveryException(
        ErrorCode.SERVICE_UNHEALTHY,
        "service %s of %s %s: %s".formatted(service, name, state, String.join("\n", log)),
        "mend it.");
  }

  private Optional<Container> find(String service) {
    return containers().stream()
        .filter(container -> container.composeService().equals(Optional.of(service)))
        .findFirst();
  }

  private ComposeConfiguration.Service definition(String service) {
    return Objects.requireNonNull(configuration.services().get(service), service);
  }

  private Map<String, String> volumeLabels(String key) {
    return Map.of("com.docker.compose.project", name, "com.docker.compose.volume", key);
  }
}
