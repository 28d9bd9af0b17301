package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectory;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds servers on this machine by what the plan says, or Debian's tools know. */
final class HostServers {
  private static final String ROOT = "root";
  private static final String SERVER = "postgres";
  private static final Path MOUNTS = Path.of("/proc/self/mountinfo");
  private static final String VERSION_FILE = "PG_VERSION";
  private static final String LOST_AND_FOUND = "lost+found";
  private static final int MOUNT_POINT = 4;

  private final DebianClusters debian;

  HostServers(DebianClusters debian) {
    this.debian = debian;
  }

  /** The server of an environment. REFUSED when it is not on this machine, or not known well. */
  HostServer of(Environment environment) {
    DatabaseSettings settings = environment.requireDatabase();
    Route route = PostgresConnector.route(settings);
    if (!route.local()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "the server of environment %s is on %s, and its files can only be replaced there"
              .formatted(environment.name(), settings.host().orElse("another machine")),
          "run this on that machine, with a plan that has it at 127.0.0.1.");
    }
    Path directory =
        directory(settings)
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.REFUSED,
                        "where the files of the server of environment %s are is not known"
                            .formatted(environment.name()),
                        "give data-directory, and stop and start for the programs that do that,"
                            + " under database in the plan."));
    Optional<DebianClusters.Cluster> cluster = debian.withDirectory(directory);
    List<String> stop =
        settings.stop().isEmpty()
            ? cluster.map(it -> it.control("stop")).orElse(List.of())
            : settings.stop();
    List<String> start =
        settings.start().isEmpty()
            ? cluster.map(it -> it.control("start")).orElse(List.of())
            : settings.start();
    if (stop.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "how the server of environment %s with its files in %s is stopped and started is not"
                  .formatted(environment.name(), directory)
              + " known",
          "give both under database in the plan, such as stop: [systemctl, stop, postgresql] and"
              + " start: [systemctl, start, postgresql].");
    }
    requireServersOwn(directory);
    requireNoMountsInside(directory);
    return at(directory, settings, stop, start);
  }

  /** Where an environment's server has its files, as far as that is known without asking it. */
  Optional<Path> directory(DatabaseSettings settings) {
    return settings
        .dataDirectory()
        .or(() -> debian.onPort(settings.port()).map(DebianClusters.Cluster::directory))
        .map(HostServers::real);
  }

  /** A folder in which no server is meant to serve. REFUSED inside of a data directory. */
  HostServer folder(Path folder, DatabaseSettings settings) {
    Path directory = real(folder);
    for (Path above = directory.getParent(); above != null; above = above.getParent()) {
      if (Files.exists(above.resolve(VERSION_FILE))) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s is inside of the data directory %s".formatted(directory, above),
            "name a folder elsewhere.");
      }
    }
    return at(directory, settings, List.of(), List.of());
  }

  private static HostServer at(
      Path directory, DatabaseSettings settings, List<String> stop, List<String> start) {
    return new HostServer(directory, account(directory), settings.tools(), stop, start);
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path.toAbsolutePath().normalize(); // lost with the disk, perhaps
    }
  }

  /** For root, whom the files belong to, or would. REFUSED when they are not ours. */
  private static Optional<String> account(Path directory) {
    String self = System.getProperty("user.name");
    String owner = owner(directory);
    if (self.equals(ROOT)) {
      return Optional.of(owner.equals(ROOT) ? SERVER : owner);
    }
    if (!owner.equals(self) && Files.exists(directory)) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s belongs to %s, and this runs as %s".formatted(directory, owner, self),
          "run this as %s, or as root.".formatted(owner));
    }
    return Optional.empty();
  }

  /** Of the folder itself, or of the nearest one above that is there. */
  private static String owner(Path directory) {
    for (Path path = directory; path != null; path = path.getParent()) {
      try {
        return Files.getOwner(path).getName();
      } catch (IOException e) {
        // Look at the one above.
      }
    }
    return ROOT;
  }

  /** All that is in the directory is set aside: a wrong one must be noticed before. */
  private static void requireServersOwn(Path directory) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> entries = Files.list(directory)) {
      List<String> names = entries.map(entry -> entry.getFileName().toString()).toList();
      boolean known =
          names.stream()
              .anyMatch(it -> it.equals(VERSION_FILE) || it.startsWith(DataDirectory.FOLDER));
      if (!known && !List.of(LOST_AND_FOUND).containsAll(names)) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s has files in it, but not those of a server: there is no %s"
                .formatted(directory, VERSION_FILE),
            "is it the data directory? If so, and it is damaged, empty it first.");
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot look into %s: %s".formatted(directory, e.getMessage()),
          "run this as the account that owns it, or as root.",
          e);
    }
  }

  /** What is mounted cannot be renamed. */
  private static void requireNoMountsInside(Path directory) {
    for (String line : LocalServer.lines(MOUNTS)) {
      String[] fields = line.split(" ", -1);
      String point = fields.length > MOUNT_POINT ? fields[MOUNT_POINT].replace("\\040", " ") : "";
      if (point.startsWith(directory + "/")) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s is mounted inside of the data directory %s: it cannot be renamed"
                .formatted(point, directory),
            "restore by hand, as the README.md of the physical backup tells.");
      }
    }
  }
}
