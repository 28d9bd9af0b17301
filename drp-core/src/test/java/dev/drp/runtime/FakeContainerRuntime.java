package dev.drp.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Container.End;
import dev.drp.runtime.Container.Health;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A container engine that is a folder: containers, volumes and images are files in it, and every
 * change is written down. Another process that opens the same folder goes on with it, also after
 * this one was killed. Nothing runs in its containers, and of files they have those of volumes.
 * Safe for concurrent use in one process.
 */
public final class FakeContainerRuntime implements ContainerRuntime {
  private static final Instant ENDED = Instant.parse("2026-01-01T00:00:00Z");

  private final Path folder;
  private boolean cutsNextWrite;

  public FakeContainerRuntime(Path folder) {
    this.folder = folder;
    for (String kind : List.of("containers", "volumes", "images")) {
      try {
        Files.createDirectories(folder.resolve(kind));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  // What tests ask and arrange

  /** Every change, in order, such as {@code start shop-db-1}; also those of earlier processes. */
  public synchronized List<String> calls() {
    Path calls = folder.resolve("calls");
    try {
      return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets a name mean an image. */
  public synchronized void addImage(String reference, String id) {
    write("images", reference, Map.of("id", id));
  }

  /** Adds a volume. */
  public synchronized void addVolume(String name, Map<String, String> labels) {
    if (read("volumes", name).isEmpty()) {
      write("volumes", name, labels);
    }
  }

  public synchronized void removeImage(String reference) {
    remove("images", reference);
  }

  public synchronized void removeVolume(String name) {
    remove("volumes", name);
    tool("rm", "-rf", volumeFiles(name).toString());
  }

  /** Where the files of a volume are. */
  public synchronized Path files(String volume) {
    try {
      return Files.createDirectories(volumeFiles(volume));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path volumeFiles(String volume) {
    return folder.resolve("volume-files").resolve(volume);
  }

  /** The engine goes away in the midst of the next tar that it is given. */
  public synchronized void cutNextWrite() {
    cutsNextWrite = true;
  }

  /** Ends a container's process, as a crash does. */
  public synchronized void crash(String container, int exitCode) {
    end(container(container), exitCode);
  }

  /** Lets a health check say something. */
  public synchronized void setHealth(String container, Health health) {
    set(container(container), "health", health.name());
  }

  /**
   * Makes a container that does not run.
   *
   * @param atStart what becomes of it when it is started
   */
  synchronized void create(
      String name,
      ImageIdentity image,
      Map<String, String> labels,
      List<String> volumes,
      FakeComposeProject.Behaviour atStart) {
    note("create " + name);
    Map<String, String> values = new HashMap<>();
    values.put("id", UUID.randomUUID().toString());
    values.put("reference", image.reference());
    values.put("image", image.id());
    values.put("behaviour", atStart.name());
    values.put("volumes", String.join(" ", volumes));
    labels.forEach((label, value) -> values.put("label." + label, value));
    write("containers", name, values);
  }

  @Override
  public synchronized void remove(Container container) {
    note("remove " + container.name());
    remove("containers", container.name());
  }

  synchronized FakeComposeProject.Behaviour behaviour(Container container) {
    return FakeComposeProject.Behaviour.valueOf(
        value(read("containers", container.name()).orElseThrow(), "behaviour"));
  }

  synchronized void note(String call) {
    try {
      Files.writeString(
          folder.resolve("calls"),
          call + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // The port

  @Override
  public synchronized List<Container> containers() {
    return names("containers").stream().map(this::known).flatMap(Optional::stream).toList();
  }

  @Override
  public synchronized Container container(String idOrName) {
    return containers().stream()
        .filter(each -> each.name().equals(idOrName) || each.id().equals(idOrName))
        .findFirst()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.CONTAINER_NOT_FOUND,
                    "there is no container %s; there is %s".formatted(idOrName, containers()),
                    "start it, or correct its name."));
  }

  @Override
  public CommandRunner commandsIn(Container container) {
    throw new UnsupportedOperationException("nothing runs in a fake container");
  }

  @Override
  public Tunnel tunnelInto(Container container) {
    throw new UnsupportedOperationException("nothing runs in a fake container");
  }

  @Override
  public synchronized Optional<ImageIdentity> image(String reference) {
    return names("images").stream()
        .filter(name -> name.equals(reference) || id(name).equals(reference))
        .map(name -> new ImageIdentity(reference, id(name), List.of()))
        .findFirst();
  }

  @Override
  public synchronized Optional<InputStream> openFiles(Container container, String path) {
    Path at =
        container.volumes().stream()
            .filter(mount -> path.equals(mount.path() + "/."))
            .map(mount -> files(mount.volume()))
            .findFirst()
            .orElseGet(() -> filesOf(container.name()).resolve("." + path));
    if (!Files.isDirectory(at)) {
      return Optional.empty();
    }
    Path tar = folder.resolve("." + UUID.randomUUID());
    tool("tar", "--create", "--format=pax", "--file=" + tar, "--directory=" + at, ".");
    try {
      byte[] content = Files.readAllBytes(tar);
      Files.delete(tar);
      return Optional.of(new ByteArrayInputStream(content));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folder that is the root of a container's files. */
  public Path filesOf(String container) {
    return folder.resolve("files").resolve(container);
  }

  @Override
  public synchronized void writeFiles(Container container, String at, TarWriter writer)
      throws IOException {
    Container.Mount only = container.volumes().get(0);
    note("write " + only.volume());
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    writer.writeTo(all);
    byte[] content =
        cutsNextWrite ? Arrays.copyOf(all.toByteArray(), all.size() / 2) : all.toByteArray();
    Path tar = Files.write(folder.resolve("." + UUID.randomUUID()), content);
    String unpack =
        "tar --extract --preserve-permissions --file='%s' --directory='%s' --transform='s,^\\.%s,.,S' || %s"
            .formatted(tar, files(only.volume()), only.path(), cutsNextWrite);
    tool("sh", "-c", unpack);
    Files.delete(tar);
    if (cutsNextWrite) {
      cutsNextWrite = false;
      throw new RecoveryException(
          ErrorCode.ENGINE_UNAVAILABLE, "the engine has gone away", "start it again.");
    }
  }

  @Override
  public synchronized Container createWithVolume(
      String name, String image, String volume, String path) {
    ImageIdentity of =
        image(image)
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.IMAGE_NOT_FOUND, "no image " + image, "load it first."));
    create(
        name, of, Map.of(), List.of(volume + ":" + path), FakeComposeProject.Behaviour.ENDS_BADLY);
    return container(name);
  }

  @Override
  public synchronized void remove(Volume volume) {
    boolean used =
        containers().stream()
            .flatMap(container -> container.volumes().stream())
            .anyMatch(mount -> mount.volume().equals(volume.name()));
    if (used) {
      throw new RecoveryException(
          ErrorCode.ENGINE_FAILED, "volume %s is in use".formatted(volume.name()), "look at it.");
    }
    note("remove volume " + volume.name());
    removeVolume(volume.name());
  }

  private static void tool(String... command) {
    new LocalCommandRunner().run(Command.of(List.of(command)));
  }

  @Override
  public synchronized InputStream openImages(List<String> images) {
    StringBuilder lines = new StringBuilder();
    for (String name : images) {
      lines.append("%s=%s%n".formatted(name, image(name).orElseThrow().id()));
    }
    return new ByteArrayInputStream(lines.toString().getBytes(UTF_8));
  }

  @Override
  public synchronized void start(Container container) {
    if (container(container.id()).running()) {
      return;
    }
    note("start " + container.name());
    Map<String, String> values = read("containers", container.name()).orElseThrow();
    FakeComposeProject.Behaviour behaviour = behaviour(container);
    values.remove("exitCode");
    switch (behaviour) {
      case SERVES -> values.putAll(Map.of("running", "true", "health", "HEALTHY"));
      case SERVES_UNCHECKED -> values.put("running", "true");
      case NEVER_HEALTHY -> values.putAll(Map.of("running", "true", "health", "STARTING"));
      case ENDS_WELL -> values.put("exitCode", "0");
      case ENDS_BADLY -> values.put("exitCode", "1");
    }
    write("containers", container.name(), values);
  }

  @Override
  public synchronized void stop(Container container, Duration grace) {
    if (container(container.id()).running()) {
      note("stop " + container.name());
      end(container, 0);
    }
  }

  @Override
  public synchronized void restart(Container container, Duration grace) {
    stop(container, grace);
    start(container(container.id()));
  }

  @Override
  public synchronized List<String> lastLogLines(Container container, int count) {
    List<String> lines = behaviour(container(container.id())).printed();
    return lines.subList(Math.max(0, lines.size() - count), lines.size());
  }

  @Override
  public ContainerLoad load(Container container) {
    return new ContainerLoad(0.5, 64L << 20, 1L << 30);
  }

  @Override
  public synchronized List<Volume> volumes() {
    return names("volumes").stream()
        .map(name -> new Volume(name, "local", read("volumes", name).orElseThrow()))
        .toList();
  }

  @Override
  public EngineDiskUsage diskUsage() {
    EngineDiskUsage.Use use = new EngineDiskUsage.Use(1, 2 << 20, 1 << 20);
    return new EngineDiskUsage(use, use, use, use);
  }

  @Override
  public ThrowawayContainer startThrowaway(ThrowawayRequest request) {
    throw new UnsupportedOperationException("nothing runs in a fake container");
  }

  @Override
  public List<String> leftovers(String owner) {
    return List.of();
  }

  @Override
  public List<String> removeLeftovers(String owner) {
    return List.of();
  }

  @Override
  public void close() {
    // Everything is in files.
  }

  // Files

  private Optional<Container> known(String name) {
    return read("containers", name).map(values -> container(name, values));
  }

  private static Container container(String name, Map<String, String> values) {
    Map<String, String> labels = new HashMap<>();
    values.forEach(
        (key, value) -> {
          if (key.startsWith("label.")) {
            labels.put(key.substring("label.".length()), value);
          }
        });
    boolean running = values.containsKey("running");
    return new Container(
        value(values, "id"),
        name,
        new ImageIdentity(value(values, "reference"), value(values, "image"), List.of()),
        running,
        false,
        Optional.ofNullable(values.get("health")).map(Health::valueOf),
        Optional.ofNullable(values.get("exitCode"))
            .map(code -> new End(Integer.parseInt(code), ENDED, false)),
        labels,
        Map.of("FAKE_PASSWORD", FakeComposeProject.SECRET),
        Stream.of(value(values, "volumes").split(" ", -1))
            .filter(volume -> !volume.isEmpty())
            .map(volume -> volume.split(":", 2))
            .map(
                at ->
                    new Container.Mount(
                        at[0], at.length > 1 ? at[1] : "/" + at[0], Optional.empty()))
            .toList());
  }

  private static String value(Map<String, String> values, String key) {
    return values.getOrDefault(key, "");
  }

  private void end(Container container, int exitCode) {
    Map<String, String> values = read("containers", container.name()).orElseThrow();
    values.keySet().removeAll(List.of("running", "health"));
    values.put("exitCode", Integer.toString(exitCode));
    write("containers", container.name(), values);
  }

  private void set(Container container, String key, String value) {
    Map<String, String> values = read("containers", container.name()).orElseThrow();
    values.put(key, value);
    write("containers", container.name(), values);
  }

  private String id(String image) {
    return read("images", image).orElseThrow().getOrDefault("id", "");
  }

  private Path file(String kind, String name) {
    return folder.resolve(kind).resolve(name.replace("%", "%25").replace("/", "%2F"));
  }

  private List<String> names(String kind) {
    try (Stream<Path> files = Files.list(folder.resolve(kind))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .map(name -> name.replace("%2F", "/").replace("%25", "%"))
          .sorted(Comparator.naturalOrder())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<Map<String, String>> read(String kind, String name) {
    Path file = file(kind, name);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (Reader reader = Files.newBufferedReader(file, UTF_8)) {
      Properties properties = new Properties();
      properties.load(reader);
      Map<String, String> values = new HashMap<>();
      properties.stringPropertyNames().forEach(key -> values.put(key, properties.getProperty(key)));
      return Optional.of(values);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All of it or nothing: the process may be killed at any moment. */
  private void write(String kind, String name, Map<String, String> values) {
    Properties properties = new Properties();
    properties.putAll(values);
    Path file = file(kind, name);
    Path temporary = file.resolveSibling("." + UUID.randomUUID());
    try {
      try (Writer writer = Files.newBufferedWriter(temporary, UTF_8)) {
        properties.store(writer, null);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void remove(String kind, String name) {
    try {
      Files.deleteIfExists(file(kind, name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
