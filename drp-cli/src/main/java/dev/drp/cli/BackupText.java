package dev.drp.cli;

import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupState;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.FileArchive;
import dev.drp.backup.FilesContent;
import java.util.List;
import java.util.stream.Collectors;

/** Backups for people. */
final class BackupText {
  private BackupText() {}

  /** The facts that matter first: as of when, how much, how long. */
  static Table facts(BackupManifest manifest, Session session) {
    Table facts =
        Table.of("", "", "")
            .row(
                "",
                "recovery point",
                "%s, %s"
                    .formatted(
                        Format.instant(manifest.recoveryPoint(), session.console().zone()),
                        Format.relative(manifest.recoveryPoint(), session.now())));
    if (manifest.databaseFacts().isPresent()) {
      facts.row(
          "",
          "database",
          "%s, %s in %s, %s"
              .formatted(
                  manifest.database().name(),
                  isSealed(manifest)
                      ? "rows that an identity can read"
                      : Format.count(manifest.totalRows(), "row", "rows"),
                  Format.count(
                      isSealed(manifest)
                          ? manifest.database().userTables()
                          : manifest.rows().size(),
                      "table",
                      "tables"),
                  Format.bytes(manifest.database().sizeBytes())));
    }
    manifest.files().ifPresent(files -> files(files, facts));
    facts
        .row(
            "",
            "encrypted to",
            manifest.encrypted() ? String.join(", ", manifest.recipients()) : "nobody: plain")
        .row("", "stored", Format.bytes(manifest.storedBytes()))
        .row("", "took", Format.duration(manifest.took()))
        .row("", "schedule", manifest.schedule().orElse("none: taken by hand"));
    return manifest.databaseFacts().isEmpty()
        ? facts
        : facts.row("", "expectations", expectations(manifest));
  }

  private static void files(FilesContent files, Table facts) {
    String what = "files";
    for (FileArchive archive : files.archives()) {
      facts.row(
          "",
          what,
          "%s: %s, %s%s"
              .formatted(
                  archive.place(),
                  Format.count(archive.files(), "file", "files"),
                  Format.bytes(archive.bytes()),
                  archive.origin() == FileArchive.Origin.VOLUME
                      ? ", read " + Format.word(archive.consistency())
                      : ""));
      what = "";
    }
    if (!files.services().isEmpty()) {
      facts.row(
          "",
          "images",
          files.services().stream()
              .map(it -> "%s %s".formatted(it.service(), it.image().reference()))
              .collect(Collectors.joining(", ")));
    }
  }

  /** Whether what it says of the content was left out, as it is encrypted. */
  static boolean isSealed(BackupManifest manifest) {
    return manifest.encrypted()
        && manifest.databaseFacts().isPresent()
        && manifest.rows().isEmpty();
  }

  static String rows(BackupManifest manifest) {
    if (manifest.databaseFacts().isEmpty()) {
      return "";
    }
    return isSealed(manifest) ? "sealed" : Format.count(manifest.totalRows());
  }

  private static String expectations(BackupManifest manifest) {
    if (isSealed(manifest)) {
      return "sealed: an identity can read them";
    }
    if (manifest.expectations().isEmpty()) {
      return "the plan has none";
    }
    List<String> broken =
        manifest.expectations().stream()
            .filter(it -> !it.met())
            .map(it -> "%s: expected %s, got %s".formatted(it.name(), it.expected(), it.actual()))
            .toList();
    return broken.isEmpty()
        ? "all %d met".formatted(manifest.expectations().size())
        : "%d of %d not met: %s"
            .formatted(broken.size(), manifest.expectations().size(), String.join("; ", broken));
  }

  static String state(CatalogEntry entry, Console out) {
    String state = state(entry.state(), out);
    if (entry.manifest().emergency()) {
      return out.warning("EMERGENCY ") + state;
    }
    return entry.manifest().unreadable().isEmpty() ? state : state + out.warning(" INCOMPLETE");
  }

  static String state(BackupState state, Console out) {
    return switch (state) {
      case DRILLED, VERIFIED -> out.good(state.name());
      case COMPLETE -> out.warning(state.name());
      case FAILED -> out.bad(state.name());
    };
  }

  /** Names of the storages that have it. */
  static String where(CatalogEntry entry) {
    return entry.copies().stream().map(BackupText::where).collect(Collectors.joining(", "));
  }

  private static String where(BackupCopy copy) {
    return copy.storage().name()
        + (copy.storage().offSite() ? " (off-site)" : "")
        + (copy.state() == BackupState.FAILED ? " (damaged)" : "");
  }

  static void problems(List<CatalogProblem> problems, Console out) {
    if (problems.isEmpty()) {
      return;
    }
    out.line();
    out.line(out.warning("Also found:"));
    Table table = Table.of("", "", "", "", "");
    problems.forEach(
        it ->
            table.row(
                "", Format.word(it.kind()), "storage " + it.storage(), it.where(), it.what()));
    table.lines().forEach(out::line);
  }
}
