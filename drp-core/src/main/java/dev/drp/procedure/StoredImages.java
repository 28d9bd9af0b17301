package dev.drp.procedure;

import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupPart;
import dev.drp.backup.BackupReader;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.FilesContent;
import dev.drp.runtime.ComposeProject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** The images of an environment's services, as its backups know them. */
final class StoredImages {
  private static final String IMAGES = "images.tar";

  private final BackupCatalog catalog;
  private final BackupReader reader;
  private final String environment;

  StoredImages(BackupCatalog catalog, BackupReader reader, String environment) {
    this.catalog = catalog;
    this.reader = reader;
    this.environment = environment;
  }

  /** Content ids by service, of when the newest good backup that knows them was taken. */
  Map<String, String> ids() {
    return newest(it -> it.files().filter(files -> !files.services().isEmpty()).isPresent())
        .stream()
        .flatMap(it -> it.manifest().requireFiles().services().stream())
        .collect(
            Collectors.toMap(
                FilesContent.ServiceImage::service, it -> it.image().id(), (one, same) -> one));
  }

  /** The newest good backup that holds images themselves. */
  Optional<CatalogEntry> newest() {
    return newest(manifest -> part(manifest).isPresent());
  }

  /** Gives the engine those of a backup that {@link #newest()} has found. */
  void load(CatalogEntry backup, ComposeProject project) {
    try (InputStream tar = reader.open(backup, part(backup.manifest()).orElseThrow())) {
      project.loadImages(tar);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<CatalogEntry> newest(Predicate<BackupManifest> holds) {
    return catalog.list(environment).backups().stream()
        .filter(it -> it.isGood() && holds.test(it.manifest()))
        .findFirst();
  }

  private static Optional<BackupPart> part(BackupManifest manifest) {
    return manifest.parts().stream().filter(part -> part.plainName().equals(IMAGES)).findFirst();
  }
}
