package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a person needs to restore a backup with files without this program. */
final class FilesGuide {
  private final BackupId id;
  private final BackupRequest request;
  private final FilesContent files;
  private final Optional<DatabaseContent> database;
  private final Coding coding;

  FilesGuide(
      BackupId id,
      BackupRequest request,
      FilesContent files,
      Optional<DatabaseContent> database,
      Coding coding) {
    this.id = id;
    this.request = request;
    this.files = files;
    this.database = database;
    this.coding = coding;
  }

  /**
   * @param set has all other parts already
   */
  void writeInto(UnfinishedSet set) {
    List<BackupPart> parts = set.parts();
    byte[] script = script(parts).getBytes(UTF_8);
    byte[] readme = readme(parts).getBytes(UTF_8);
    set.writePlain(SetLayout.SCRIPT, output -> output.write(script));
    set.writePlain(SetLayout.README, output -> output.write(readme));
  }

  private String script(List<BackupPart> parts) {
    StringBuilder unpack = new StringBuilder();
    for (FileArchive archive : files.archives()) {
      unpack.append(
          "unpack %s %s%n"
              .formatted(quoted(stored(parts, archive.part())), quoted(archive.folder())));
    }
    stored(parts, SetLayout.IMAGES, "keep", SetLayout.IMAGES).ifPresent(unpack::append);
    stored(parts, SetLayout.DUMP, "keep", SetLayout.DUMP).ifPresent(unpack::append);
    stored(parts, SetLayout.GLOBALS, "keep", SetLayout.GLOBALS).ifPresent(unpack::append);
    return RestoreGuide.script("restore-files.sh.template", id, parts, coding)
        .with("UNPACK", unpack.toString())
        .text();
  }

  private static Optional<String> stored(
      List<BackupPart> parts, String plainName, String function, String as) {
    return parts.stream()
        .filter(part -> part.plainName().equals(plainName))
        .map(part -> "%s %s %s%n".formatted(function, quoted(part.name()), quoted(as)))
        .findFirst();
  }

  private static String stored(List<BackupPart> parts, String plainName) {
    return parts.stream()
        .filter(part -> part.plainName().equals(plainName))
        .map(BackupPart::name)
        .findFirst()
        .orElseThrow();
  }

  private String readme(List<BackupPart> parts) {
    return Template.of("readme-files.md")
        .with("ID", id.value())
        .with("KIND", SetLayout.folderOf(request.kind()))
        .with("APPLICATION", RestoreGuide.printable(request.application()))
        .with("ENVIRONMENT", RestoreGuide.printable(request.environment().name()))
        .with("ENCRYPTION", coding.encryption().map(RestoreGuide::howToDecrypt).orElse(""))
        .with("PARTS", parts.stream().map(RestoreGuide::line).collect(Collectors.joining("\n")))
        .with(
            "ARCHIVES",
            files.archives().stream()
                .map(it -> archive(it, parts))
                .collect(Collectors.joining("\n")))
        .with("IMAGES", images())
        .with("DATABASE", database.map(FilesGuide::database).orElse(""))
        .with("UNDO", coding.undoCommand())
        .with(
            "PROGRAMS",
            coding.encryption().map(it -> "`%s`, ".formatted(it.name())).orElse("")
                + "`%s`".formatted(coding.compression().undoCommand()))
        .text();
  }

  private static String archive(FileArchive archive, List<BackupPart> parts) {
    return "| `%s` | %s | `%s` | %d | %s |"
        .formatted(
            stored(parts, archive.part()),
            RestoreGuide.printable(archive.place()),
            RestoreGuide.printable(archive.folder()),
            archive.files(),
            archive.consistency().name().toLowerCase(java.util.Locale.ROOT));
  }

  private String images() {
    if (files.services().isEmpty()) {
      return "";
    }
    return files.services().stream()
        .map(
            it ->
                "| %s | `%s` | `%s` | %s |"
                    .formatted(
                        RestoreGuide.printable(it.service()),
                        RestoreGuide.printable(it.image().reference()),
                        it.image().id(),
                        String.join(", ", it.image().repositoryDigests())))
        .collect(
            Collectors.joining(
                "\n",
                "\nThe services ran these images"
                    + "; `images.tar`, where it is among the files, has them for `docker load`:\n\n"
                    + "| service | image | id | digests |\n|---|---|---|---|\n",
                "\n"));
  }

  private static String database(DatabaseContent database) {
    return """

    Database `%s`, as it was at %s, is restored by a script of its own, into one that is new or empty:

    ```sh
    export PGHOST=127.0.0.1 PGPORT=5432 PGUSER=postgres   # and PGPASSWORD or PGPASSFILE
    sh restore-database.sh NAME_OF_THE_NEW_DATABASE
    ```
    """
        .formatted(RestoreGuide.printable(database.database().name()), database.recoveryPoint());
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }
}
