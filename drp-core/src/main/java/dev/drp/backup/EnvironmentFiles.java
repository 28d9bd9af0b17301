package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.FileArchive.Origin;
import dev.drp.files.ContainerFiles;
import dev.drp.files.FilePlaces;
import dev.drp.files.FileSource;
import dev.drp.files.FilesRead;
import dev.drp.files.HostFiles;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.ConfiguredPath;
import dev.drp.plan.Consistency;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.state.EnvironmentState;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes the files of an environment into a set, each path of the plan as a tar of its own. */
final class EnvironmentFiles {
  /** What an engine calls a volume that nobody has named: the next container gets another one. */
  private static final Pattern UNNAMED = Pattern.compile("[0-9a-f]{64}");

  private final BackupRequest request;
  private final Environment environment;
  private final FilePlaces places;
  private final Coding coding;
  private final EnvironmentState memory;
  private final Progress progress;
  private final List<FileArchive> archives = new ArrayList<>();
  private final List<String> unreadable = new ArrayList<>();
  private final List<String> changed = new ArrayList<>();
  private final List<String> notIncluded = new ArrayList<>();
  private final Map<FileArchive, String> links = new LinkedHashMap<>();
  private @Nullable List<Container> project;

  EnvironmentFiles(
      BackupRequest request,
      FilePlaces places,
      Coding coding,
      EnvironmentState memory,
      Progress progress) {
    this.request = request;
    this.environment = request.environment();
    this.places = places;
    this.coding = coding;
    this.memory = memory;
    this.progress = progress;
  }

  /** What could not be read, for people; known once all is written. */
  List<String> unreadable() {
    return unreadable;
  }

  /**
   * Writes all of it.
   *
   * @throws RecoveryException with FILES_MISSING when there is nothing at all
   */
  FilesContent writeInto(UnfinishedSet set) {
    boolean whole = request.kind() == BackupKind.SYSTEM;
    hostPaths(whole).forEach(path -> writeHost(set, path));
    servicePaths().forEach(it -> writeService(set, it));
    if (whole && environment.compose().isPresent()) {
      writeVolumes(set);
      if (request.images()) {
        writeImages(set);
      }
    }
    nameLinks();
    if (archives.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.FILES_MISSING,
          "environment %s has no files that could be backed up%s"
              .formatted(
                  environment.name(),
                  unreadable.isEmpty() ? "" : ": " + String.join(", ", unreadable)),
          "name files and folders in the plan, under environments.%s.configuration."
              .formatted(environment.name()));
    }
    return new FilesContent(
        archives,
        environment.compose().map(it -> it.project()),
        services(whole),
        changed,
        notIncluded,
        request.plain());
  }

  /** Each once: what is below another one is in there. */
  private Set<Path> hostPaths(boolean whole) {
    Set<Path> all = new LinkedHashSet<>();
    environment.configuration().stream()
        .filter(it -> it.service().isEmpty())
        .forEach(it -> all.add(it.path()));
    if (whole && environment.compose().isPresent()) {
      ComposeFiles compose = ComposeFiles.of(environment.compose().get());
      all.addAll(compose.paths());
      compose
          .unknown()
          .forEach(it -> notIncluded.add("file %s of a Compose file: has variables".formatted(it)));
    }
    return outermost(all);
  }

  private static Set<Path> outermost(Collection<Path> paths) {
    return paths.stream()
        .filter(path -> paths.stream().noneMatch(it -> !it.equals(path) && path.startsWith(it)))
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private List<ConfiguredPath> servicePaths() {
    Map<Optional<String>, List<ConfiguredPath>> byService =
        environment.configuration().stream()
            .filter(it -> it.service().isPresent())
            .collect(
                Collectors.groupingBy(
                    ConfiguredPath::service, LinkedHashMap::new, Collectors.toList()));
    return byService.entrySet().stream()
        .flatMap(
            it ->
                outermost(it.getValue().stream().map(ConfiguredPath::path).toList()).stream()
                    .map(path -> new ConfiguredPath(path, it.getKey())))
        .toList();
  }

  /** A path of the plan that is a link itself says nothing of what is at its other end. */
  private void nameLinks() {
    links.forEach(
        (archive, link) -> {
          Path end = Path.of(archive.path()).resolveSibling(link).normalize();
          boolean included =
              archives.stream()
                  .filter(it -> it.origin() == archive.origin() && it.name().equals(archive.name()))
                  .anyMatch(it -> end.startsWith(it.path()) && !it.equals(archive));
          if (!included) {
            unreadable.add(
                "%s is a link to %s, which the plan does not name".formatted(archive.place(), end));
          }
        });
  }

  private void writeHost(UnfinishedSet set, Path path) {
    List<Path> without = new ArrayList<>(places.without());
    databaseFolders().forEach(without::add);
    for (Path left : without) {
      if (left.startsWith(path)) {
        notIncluded.add(left + ": holds a database, backups, or what drp remembers");
      }
    }
    if (without.contains(path)) {
      return;
    }
    write(
        set,
        new HostFiles(places.host(), path, without, Optional.empty()),
        Origin.HOST,
        "",
        path.toString(),
        Consistency.LIVE,
        without.stream().filter(it -> it.startsWith(path)).map(Path::toString).toList());
  }

  private void writeService(UnfinishedSet set, ConfiguredPath path) {
    String service = path.service().orElseThrow();
    ContainerRuntime engine = places.engine().get();
    Optional<Container> container =
        project(engine).stream()
            .filter(it -> it.composeService().equals(Optional.of(service)))
            .findFirst();
    if (container.isEmpty()) {
      unreadable.add("%s: the project has no container of it".formatted(path));
      return;
    }
    write(
        set,
        new ContainerFiles(engine, container.get(), path.path().toString()),
        Origin.SERVICE,
        service,
        path.path().toString(),
        Consistency.LIVE,
        List.of());
  }

  /** All named volumes of the project but those of the database, which is backed up by itself. */
  private void writeVolumes(UnfinishedSet set) {
    ContainerRuntime engine = places.engine().get();
    if (project(engine).isEmpty()) {
      unreadable.add(
          "Compose project %s has no containers: its volumes and images are not known"
              .formatted(environment.compose().map(ComposeSettings::project).orElse("")));
    }
    Map<String, Mounted> volumes = new LinkedHashMap<>();
    for (Container container : project(engine)) {
      for (Container.Mount mount : container.volumes()) {
        String volume = mount.volume();
        if (isDatabase(container)) {
          notIncluded.add(FilesContent.ofDatabase(volume, service(container)));
        } else if (volume.startsWith("/")) {
          noteBindMount(container, volume);
        } else if (UNNAMED.matcher(volume).matches()) {
          notIncluded.add(
              "%s of %s: a volume without a name; name it in the Compose file to have it"
                  .formatted(mount.path(), service(container)));
        } else {
          volumes.putIfAbsent(volume, new Mounted(container, mount.path()));
        }
      }
    }
    Set<String> ofDatabase = new TreeSet<>();
    project(engine).stream()
        .filter(this::isDatabase)
        .forEach(it -> it.volumes().forEach(mount -> ofDatabase.add(mount.volume())));
    volumes.keySet().removeAll(ofDatabase);
    environment.volumes().stream()
        .map(Environment.Volume::name)
        .filter(name -> !volumes.containsKey(name) && !ofDatabase.contains(name))
        .forEach(name -> unreadable.add("volume %s: no container has it".formatted(name)));
    Set<String> stopped = new TreeSet<>();
    environment.volumes().stream()
        .filter(it -> it.consistency() == Consistency.STOPPED && volumes.containsKey(it.name()))
        .forEach(it -> stopped.add(it.name()));
    writeStopped(set, engine, volumes, stopped);
    volumes.forEach(
        (name, mounted) -> {
          if (!stopped.contains(name)) {
            writeVolume(set, engine, name, mounted, Consistency.LIVE);
          }
        });
  }

  private void writeStopped(
      UnfinishedSet set,
      ContainerRuntime engine,
      Map<String, Mounted> volumes,
      Set<String> stopped) {
    if (stopped.isEmpty()) {
      return;
    }
    List<Container> users =
        engine.containers().stream()
            .filter(it -> it.running() && !isDatabase(it))
            .filter(it -> it.volumes().stream().anyMatch(m -> stopped.contains(m.volume())))
            .toList();
    users.forEach(it -> progress.message("stopping %s for its volumes".formatted(it)));
    try (StoppedContainers all = StoppedContainers.stop(engine, places.host(), memory, users)) {
      stopped.forEach(
          name -> writeVolume(set, engine, name, mounted(volumes, name), Consistency.STOPPED));
    }
  }

  private static Mounted mounted(Map<String, Mounted> volumes, String name) {
    return Optional.ofNullable(volumes.get(name)).orElseThrow();
  }

  private record Mounted(Container container, String path) {}

  private void writeVolume(
      UnfinishedSet set,
      ContainerRuntime engine,
      String name,
      Mounted mounted,
      Consistency consistency) {
    write(
        set,
        new ContainerFiles(engine, mounted.container, mounted.path + "/."),
        Origin.VOLUME,
        name,
        mounted.path,
        consistency,
        List.of());
  }

  private void noteBindMount(Container container, String path) {
    boolean included =
        archives.stream()
            .anyMatch(
                it -> it.origin() == Origin.HOST && Path.of(path).startsWith(Path.of(it.path())));
    if (!included) {
      notIncluded.add(
          "%s of %s: a folder of the machine; name it under configuration to have it"
              .formatted(path, service(container)));
    }
  }

  private void writeImages(UnfinishedSet set) {
    ContainerRuntime engine = places.engine().get();
    Set<String> images = new TreeSet<>();
    for (Container container : project(engine)) {
      boolean named =
          engine
              .image(container.image().reference())
              .filter(it -> it.id().equals(container.image().id()))
              .isPresent();
      images.add(named ? container.image().reference() : container.image().id());
    }
    try (Progress.Task task = progress.start("images", 0)) {
      set.writeCoded(
          SetLayout.IMAGES,
          coding,
          task,
          output -> {
            try (InputStream tar = engine.openImages(List.copyOf(images))) {
              tar.transferTo(output);
            }
          });
    }
  }

  private List<FilesContent.ServiceImage> services(boolean whole) {
    return !whole || environment.compose().isEmpty()
        ? List.of()
        : project(places.engine().get()).stream()
            .map(it -> new FilesContent.ServiceImage(service(it), it.image()))
            .distinct()
            .toList();
  }

  private static String service(Container container) {
    return container.composeService().orElse(container.name());
  }

  private boolean isDatabase(Container container) {
    Optional<String> service = environment.database().flatMap(DatabaseSettings::service);
    return service.isPresent()
        && container.composeService().equals(service)
        && container.composeProject().equals(environment.compose().map(it -> it.project()));
  }

  /** Folders of the machine in which the live database has its files. */
  private Stream<Path> databaseFolders() {
    Stream<Path> named = environment.database().flatMap(DatabaseSettings::dataDirectory).stream();
    if (environment.database().flatMap(DatabaseSettings::service).isEmpty()) {
      return named;
    }
    try {
      return Stream.concat(
          named,
          project(places.engine().get()).stream()
              .filter(this::isDatabase)
              .flatMap(it -> it.volumes().stream())
              .map(Container.Mount::volume)
              .filter(it -> it.startsWith("/"))
              .map(Path::of));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.ENGINE_UNAVAILABLE && request.kind() == BackupKind.CONFIGURATION) {
        return named; // no container runs that could write there
      }
      throw e;
    }
  }

  private List<Container> project(ContainerRuntime engine) {
    List<Container> known = project;
    if (known == null) {
      Optional<String> name = environment.compose().map(it -> it.project());
      known =
          engine.containers().stream()
              .filter(it -> name.isPresent() && it.composeProject().equals(name))
              .toList();
      project = known;
    }
    return known;
  }

  private void write(
      UnfinishedSet set,
      FileSource source,
      Origin origin,
      String name,
      String path,
      Consistency consistency,
      List<String> without) {
    String part = SetLayout.files(archives.size() + 1);
    FilesRead[] read = new FilesRead[1];
    try (Progress.Task task = progress.start(source.place(), 0)) {
      set.writeCoded(part, coding, task, output -> read[0] = source.read(output));
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.FILES_MISSING) {
        throw e;
      }
      unreadable.add(e.problem());
      return;
    }
    FilesRead result = read[0];
    FileArchive archive =
        new FileArchive(
            part, origin, name, path, consistency, without, result.files(), result.bytes());
    archives.add(archive);
    result.leadsTo().ifPresent(link -> links.put(archive, link));
    unreadable.addAll(result.unreadable());
    changed.addAll(result.changed());
  }
}
