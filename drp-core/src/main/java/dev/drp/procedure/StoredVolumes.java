package dev.drp.procedure;

import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupId;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.FileArchive;
import dev.drp.backup.FileArchive.Origin;
import dev.drp.backup.FilesContent;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** The files of an environment's volumes, as its backups hold them. */
final class StoredVolumes {
  private final BackupCatalog catalog;
  private final String environment;
  private final Function<CatalogEntry, FilesOfBackup> reader;

  /**
   * @param reader of the files of a backup
   */
  StoredVolumes(
      BackupCatalog catalog, String environment, Function<CatalogEntry, FilesOfBackup> reader) {
    this.catalog = catalog;
    this.environment = environment;
    this.reader = reader;
  }

  /** A volume in a backup. */
  record Stored(FilesOfBackup backup, FileArchive archive) {
    BackupId id() {
      return backup.backup().id();
    }

    /** For people. */
    @Override
    public String toString() {
      return "%d files, %d bytes, in backup %s of %s"
          .formatted(archive.files(), archive.bytes(), id(), backup.backup().recoveryPoint());
    }
  }

  /**
   * What good backups hold at this moment.
   *
   * @param newest by volume
   * @param good all good backups with files, newest first
   * @param silent storages that do not answer, and may hold more, for people
   */
  record Holdings(Map<String, Stored> newest, List<FilesContent> good, List<String> silent) {
    Holdings {
      silent = List.copyOf(silent);
      newest = Map.copyOf(newest);
      good = List.copyOf(good);
    }

    /** Whether backups leave a volume to those of the database. */
    boolean isOfDatabase(String volume) {
      return good.stream().anyMatch(it -> it.leavesToDatabase(volume));
    }
  }

  /**
   * For each volume the newest good backup that holds it.
   *
   * @param first the one that is taken for whatever it holds
   */
  Holdings holdings(Optional<BackupId> first) {
    CatalogListing listing = catalog.list(environment);
    List<CatalogEntry> good =
        listing.backups().stream()
            .filter(it -> it.isGood() && it.manifest().files().isPresent())
            .toList();
    Map<String, Stored> newest = new TreeMap<>();
    Stream.concat(
            good.stream().filter(it -> first.equals(Optional.of(it.id()))),
            good.stream().filter(StoredVolumes::holdsVolumes))
        .map(reader)
        .flatMap(backup -> volumes(backup).map(archive -> new Stored(backup, archive)))
        .forEach(it -> newest.putIfAbsent(it.archive().name(), it));
    return new Holdings(
        newest,
        good.stream().map(it -> it.manifest().requireFiles()).toList(),
        listing.problems().stream()
            .filter(it -> it.kind() == CatalogProblem.Kind.UNREACHABLE)
            .map(it -> "storage %s: %s".formatted(it.storage(), it.what()))
            .toList());
  }

  /** A volume in a backup that {@link #holdings} has found before. */
  Stored open(String volume, BackupId id) {
    FilesOfBackup backup = reader.apply(catalog.list(environment, id).require(id));
    return volumes(backup)
        .filter(it -> it.name().equals(volume))
        .map(it -> new Stored(backup, it))
        .findFirst()
        .orElseThrow();
  }

  private static boolean holdsVolumes(CatalogEntry backup) {
    return backup.manifest().requireFiles().archives().stream()
        .anyMatch(it -> it.origin() == Origin.VOLUME);
  }

  private static Stream<FileArchive> volumes(FilesOfBackup backup) {
    return backup.archives().stream().filter(it -> it.origin() == Origin.VOLUME);
  }
}
