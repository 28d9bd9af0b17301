package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.database.TableRows;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a person needs to restore a backup without this program: a text that tells how, and a script
 * for a POSIX shell that does it.
 */
final class RestoreGuide {
  private static final String EMERGENCY =
      """

      **This is an emergency backup**: it holds what could still be read of a damaged server. What
      could not be read is listed in `manifest.json` under `unreadable`.
      """;

  private final BackupId id;
  private final BackupRequest request;
  private final DatabaseContent content;
  private final List<BackupPart> parts;
  private final Compression compression;

  /**
   * @param parts those that were written so far: dump and globals
   */
  RestoreGuide(
      BackupId id,
      BackupRequest request,
      DatabaseContent content,
      List<BackupPart> parts,
      Compression compression) {
    this.id = id;
    this.request = request;
    this.content = content;
    this.parts = parts;
    this.compression = compression;
  }

  void writeInto(UnfinishedSet set) {
    byte[] script = script().getBytes(UTF_8);
    byte[] readme = readme().getBytes(UTF_8);
    set.writePlain(SetLayout.SCRIPT, output -> output.write(script));
    set.writePlain(SetLayout.README, output -> output.write(readme));
  }

  private String readme() {
    Template text =
        content.base().isPresent()
            ? Template.of("readme-physical.md")
                .with("BASE_BYTES", Long.toString(content.base().get().tarBytes()))
                .with("LOG_END", content.base().get().end().toString())
                .with("CONFIGURATION", stored(SetLayout.CONFIGURATION).orElse("(there is none)"))
            : Template.of("readme.md")
                .with("EMERGENCY", request.emergency() ? EMERGENCY : "")
                .with("DUMP", stored(SetLayout.DUMP).orElseThrow())
                .with("GLOBALS", stored(SetLayout.GLOBALS).orElse("(there are none)"));
    long rows = content.rows().stream().mapToLong(TableRows::rows).sum();
    return text.with("ID", id.value())
        .with("APPLICATION", printable(request.application()))
        .with("ENVIRONMENT", printable(request.environment().name()))
        .with("DATABASE", printable(content.database().name()))
        .with("RECOVERY_POINT", content.recoveryPoint().toString())
        .with("SERVER", printable(content.server().version()))
        .with("ROWS", "%d rows in %d tables".formatted(rows, content.rows().size()))
        .with("PARTS", parts.stream().map(RestoreGuide::line).collect(Collectors.joining("\n")))
        .with("UNDO", compression.undoCommand())
        .text();
  }

  private String script() {
    return content.base().map(this::physicalScript).orElseGet(this::logicalScript);
  }

  private String physicalScript(BaseContent base) {
    return Template.of("restore-physical.sh.template")
        .with("ID", id.value())
        .with("SUMS", sums())
        .with(
            "PACK_SUMS",
            base.packs().stream()
                .map(pack -> pack.sha256() + "  " + pack.name())
                .collect(Collectors.joining("\n")))
        .with("UNDO", compression.undoCommand())
        .text();
  }

  private String logicalScript() {
    RestoreSql sql = new RestoreSql(content.database().properties());
    return Template.of("restore.sh.template")
        .with("ID", id.value())
        .with("SUMS", sums())
        .with("UNDO", compression.undoCommand())
        .with("DUMP", stored(SetLayout.DUMP).orElseThrow())
        .with("GLOBALS", stored(SetLayout.GLOBALS).orElse(""))
        .with("END", "END_OF_SQL_" + id.value())
        .with("CREATE_DATABASE", sql.createDatabase())
        .with("APPLY_PROPERTIES", sql.applyProperties())
        .text();
  }

  private String sums() {
    return parts.stream()
        .map(part -> part.sha256() + "  " + part.name())
        .collect(Collectors.joining("\n"));
  }

  private Optional<String> stored(String plainName) {
    return parts.stream()
        .filter(part -> part.plainName().equals(plainName))
        .map(BackupPart::name)
        .findFirst();
  }

  private static String line(BackupPart part) {
    return "| `%s` | %d | `%s` |".formatted(part.name(), part.bytes(), part.sha256());
  }

  /** Names may hold anything; a text for people shows them on one line. */
  private static String printable(String name) {
    return name.replaceAll("[\\p{Cntrl}`|]", "?");
  }
}
