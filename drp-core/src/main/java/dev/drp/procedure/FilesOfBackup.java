package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.FileArchive;
import dev.drp.files.ContainerFiles;
import dev.drp.files.FileIndex;
import dev.drp.files.FilePlaces;
import dev.drp.files.FileSource;
import dev.drp.files.HostFiles;
import dev.drp.plan.Environment;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The files of one backup, and where they are now. */
final class FilesOfBackup {
  private final CatalogEntry backup;
  private final BackupReader reader;
  private final FilePlaces places;
  private final Environment environment;

  /**
   * @throws RecoveryException with REFUSED when its archives would write into one another
   */
  FilesOfBackup(
      CatalogEntry backup, BackupReader reader, FilePlaces places, Environment environment) {
    requireApart(backup.manifest().requireFiles().archives());
    this.backup = backup;
    this.reader = reader;
    this.places = places;
    this.environment = environment;
  }

  /**
   * The one of that id; else the newest good one that holds files.
   *
   * @throws RecoveryException with BACKUP_NOT_FOUND; USAGE when that one holds no files
   */
  static CatalogEntry choose(CatalogListing listing, String environment, Optional<BackupId> id) {
    if (id.isPresent()) {
      CatalogEntry wanted = listing.require(id.get());
      if (wanted.manifest().files().isEmpty()) {
        throw new RecoveryException(
            ErrorCode.USAGE,
            "backup %s is a %s one, which holds no configuration"
                .formatted(id.get(), Text.word(wanted.manifest().kind())),
            "name one of kind configuration or system.");
      }
      if (!wanted.isGood()) {
        throw new RecoveryException(
            ErrorCode.BACKUP_NOT_FOUND,
            "backup %s is not good: %s".formatted(id.get(), wanted.state()),
            "name another one; or verify it, if it can be.");
      }
      return wanted;
    }
    return listing.backups().stream()
        .filter(it -> it.isGood() && it.manifest().files().isPresent())
        .findFirst()
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.BACKUP_NOT_FOUND,
                    "environment %s has no good backup with its configuration"
                        .formatted(environment),
                    "take one of kind configuration or system."));
  }

  /**
   * What a manifest says of places is not believed: through a link that one archive makes, another
   * one could write anywhere.
   */
  private static void requireApart(List<FileArchive> archives) {
    List<Path> known = new ArrayList<>();
    for (FileArchive archive : archives) {
      String name = "/" + archive.folder() + "/" + archive.root();
      if (name.chars().anyMatch(Character::isISOControl)) {
        throw unsafe(archive, "its name has control characters");
      }
      Path place = Path.of(name);
      if (!place.normalize().equals(place)) {
        throw unsafe(archive, "its name leads upwards");
      }
      for (Path other : known) {
        if (other.startsWith(place) || place.startsWith(other)) {
          throw unsafe(archive, "another one has the same place, " + other);
        }
      }
      known.add(place);
    }
  }

  private static RecoveryException unsafe(FileArchive archive, String why) {
    return new RecoveryException(
        ErrorCode.REFUSED,
        "the backup has an archive that could write outside of its folder: %s: %s"
            .formatted(archive.part(), why),
        "this program writes no such backup: find out who put it there. Nothing was put in place.");
  }

  CatalogEntry backup() {
    return backup;
  }

  List<FileArchive> archives() {
    return backup.manifest().requireFiles().archives();
  }

  /** What is in the backup of it. */
  InputStream open(FileArchive archive) {
    return open(archive.part());
  }

  InputStream open(String plainName) {
    return reader.open(
        backup,
        backup.manifest().parts().stream()
            .filter(part -> part.plainName().equals(plainName))
            .findFirst()
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.BACKUP_CORRUPT,
                        "backup %s has no part %s".formatted(backup.id(), plainName),
                        "restore another backup.")));
  }

  FileIndex index(FileArchive archive) {
    try (InputStream tar = open(archive)) {
      return FileIndex.of(tar);
    } catch (IOException e) {
      throw unreadable(archive.part(), e);
    }
  }

  RecoveryException unreadable(String part, IOException cause) {
    return new RecoveryException(
        ErrorCode.STORAGE_UNAVAILABLE,
        "cannot read %s of backup %s: %s".formatted(part, backup.id(), cause.getMessage()),
        "check the storage, then run this again.",
        cause);
  }

  /** Where it is now; empty where nothing can be compared, as no container has it. */
  Optional<FileSource> current(FileArchive archive) {
    return switch (archive.origin()) {
      case HOST ->
          Optional.of(
              new HostFiles(
                  places.host(),
                  Path.of(archive.path()),
                  archive.without().stream().map(Path::of).toList(),
                  Optional.empty()));
      case SERVICE -> {
        ContainerRuntime engine = places.engine().get();
        yield project(engine)
            .filter(it -> it.composeService().equals(Optional.of(archive.name())))
            .findFirst()
            .map(it -> new ContainerFiles(engine, it, archive.path()));
      }
      case VOLUME -> {
        ContainerRuntime engine = places.engine().get();
        yield project(engine).flatMap(it -> mounted(engine, it, archive.name())).findFirst();
      }
    };
  }

  private static Stream<FileSource> mounted(
      ContainerRuntime engine, Container container, String volume) {
    return container.volumes().stream()
        .filter(mount -> mount.volume().equals(volume))
        .map(mount -> new ContainerFiles(engine, container, mount.path() + "/."));
  }

  private Stream<Container> project(ContainerRuntime engine) {
    Optional<String> name = environment.compose().map(it -> it.project());
    return engine.containers().stream()
        .filter(it -> name.isPresent() && it.composeProject().equals(name));
  }
}
