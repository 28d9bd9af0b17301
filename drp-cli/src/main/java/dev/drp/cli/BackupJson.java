package dev.drp.cli;

import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.FilesContent;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.ExpectationResult;
import dev.drp.runtime.ImageIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Backups as JSON; see docs/cli.md. */
final class BackupJson {
  private BackupJson() {}

  /** The fields that every mention of a backup has. */
  static Json manifest(BackupManifest manifest) {
    return Json.object()
        .put("id", manifest.id().value())
        .put("environment", manifest.environment())
        .put("kind", manifest.kind())
        .put("emergency", manifest.emergency())
        .put("schedule", manifest.schedule())
        .put("recoveryPoint", manifest.recoveryPoint())
        .put("startedAt", manifest.startedAt())
        .put("tookSeconds", manifest.took())
        .put("database", manifest.databaseFacts().map(DatabaseDescription::name))
        .put("databaseBytes", manifest.databaseFacts().map(DatabaseDescription::sizeBytes))
        .put("storedBytes", manifest.storedBytes())
        .put("recipients", manifest.recipients())
        .put("tables", hasRows(manifest) ? manifest.rows().size() : null)
        .put("rows", hasRows(manifest) ? manifest.totalRows() : null)
        .put("files", manifest.files().map(BackupJson::files))
        .put("unreadable", manifest.unreadable());
  }

  private static boolean hasRows(BackupManifest manifest) {
    return manifest.databaseFacts().isPresent() && !BackupText.isSealed(manifest);
  }

  private static Json files(FilesContent files) {
    return Json.object()
        .put("count", files.files())
        .put("bytes", files.bytes())
        .put(
            "archives",
            files.archives().stream()
                .map(
                    it ->
                        Json.object()
                            .put("part", it.part())
                            .put("origin", it.origin())
                            .put("name", it.name())
                            .put("path", it.path())
                            .put("consistency", it.consistency())
                            .put("without", it.without())
                            .put("files", it.files())
                            .put("bytes", it.bytes()))
                .toList())
        .put(
            "images",
            files.services().stream()
                .map(
                    it ->
                        Json.object()
                            .put("service", it.service())
                            .put("image", it.image().reference())
                            .put("imageId", it.image().id())
                            .put("digests", it.image().repositoryDigests()))
                .toList())
        .put("changed", files.changed())
        .put("notIncluded", files.notIncluded());
  }

  /** A line of a list. */
  static Json entry(CatalogEntry entry, Instant now) {
    return manifest(entry.manifest())
        .put("state", entry.state())
        .put("good", entry.isGood())
        .put("offSite", entry.isOffSite())
        .put("ageSeconds", Duration.between(entry.recoveryPoint(), now))
        .put("copies", entry.copies().stream().map(BackupJson::copy).toList());
  }

  /** Everything that is known of a backup. */
  static Json full(CatalogEntry entry, Instant now) {
    BackupManifest manifest = entry.manifest();
    return entry(entry, now)
        .put("application", manifest.application())
        .put(
            "writer",
            Json.object()
                .put("id", manifest.writer().id())
                .put("epoch", manifest.writer().epoch())
                .put("host", manifest.writer().host())
                .put("version", manifest.writer().version()))
        .put(
            "server",
            manifest
                .serverFacts()
                .map(
                    it ->
                        Json.object()
                            .put("version", it.version())
                            .put("systemIdentifier", it.systemIdentifier())
                            .put("place", it.place())
                            .put("image", it.image().map(ImageIdentity::reference))
                            .put("imageId", it.image().map(ImageIdentity::id))))
        .put("schemaVersion", manifest.databaseFacts().flatMap(DatabaseDescription::schemaVersion))
        .put(
            "extensions",
            manifest.databaseFacts().map(DatabaseDescription::extensions).orElse(List.of()).stream()
                .map(it -> Json.object().put("name", it.name()).put("version", it.version()))
                .toList())
        .put(
            "rowsOfTables",
            manifest.rows().stream()
                .map(
                    it ->
                        Json.object()
                            .put("schema", it.schema())
                            .put("table", it.table())
                            .put("rows", it.rows()))
                .toList())
        .put("expectations", manifest.expectations().stream().map(BackupJson::expectation).toList())
        .put("toolVersions", manifest.toolVersions())
        .put(
            "parts",
            manifest.parts().stream()
                .map(
                    it ->
                        Json.object()
                            .put("name", it.name())
                            .put("bytes", it.bytes())
                            .put("sha256", it.sha256())
                            .put("plainBytes", it.plainBytes())
                            .put("compression", it.compression())
                            .put("encryption", it.encryption()))
                .toList());
  }

  static Json expectation(ExpectationResult result) {
    return Json.object()
        .put("name", result.name())
        .put("expected", result.expected())
        .put("actual", result.actual())
        .put("met", result.met())
        .put("tookSeconds", result.took())
        .put("inTime", result.inTime());
  }

  private static Json copy(BackupCopy copy) {
    return Json.object()
        .put("storage", copy.storage().name())
        .put("place", copy.storage().objects().place())
        .put("offSite", copy.storage().offSite())
        .put("folder", copy.folder().value())
        .put("state", copy.state())
        .put("defects", copy.defects())
        .put(
            "events",
            copy.events().stream()
                .map(
                    event ->
                        Json.object()
                            .put("type", event.type())
                            .put("at", event.at())
                            .put("host", event.host())
                            .put("detail", event.detail())
                            .put("tookSeconds", event.took()))
                .toList());
  }

  static Json problem(CatalogProblem problem) {
    return Json.object()
        .put("storage", problem.storage())
        .put("where", problem.where())
        .put("kind", problem.kind())
        .put("what", problem.what());
  }
}
