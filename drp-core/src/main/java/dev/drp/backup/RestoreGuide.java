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
  private final Coding coding;
  private final Optional<Encryption> encryption;
  private List<BackupPart> parts = List.of();

  RestoreGuide(BackupId id, BackupRequest request, DatabaseContent content, Coding coding) {
    this.id = id;
    this.request = request;
    this.content = content;
    this.coding = coding;
    this.encryption = coding.encryption();
  }

  /**
   * @param set has all other parts already
   */
  void writeInto(UnfinishedSet set) {
    if (encryption.isPresent() && content.base().isEmpty()) {
      RestoreSql sql = new RestoreSql(content.database().properties());
      writeSql(set, SetLayout.CREATE_DATABASE, sql.createDatabase());
      writeSql(set, SetLayout.PROPERTIES, sql.applyProperties());
    }
    parts = set.parts();
    byte[] script = script().getBytes(UTF_8);
    byte[] readme = readme().getBytes(UTF_8);
    set.writePlain(SetLayout.SCRIPT, output -> output.write(script));
    set.writePlain(SetLayout.README, output -> output.write(readme));
  }

  /**
   * Only the script, for the database beside other things.
   *
   * @param set has all other parts already
   */
  void writeDatabaseScriptInto(UnfinishedSet set) {
    if (encryption.isPresent()) {
      RestoreSql sql = new RestoreSql(content.database().properties());
      writeSql(set, SetLayout.CREATE_DATABASE, sql.createDatabase());
      writeSql(set, SetLayout.PROPERTIES, sql.applyProperties());
    }
    parts = set.parts();
    byte[] script =
        logicalScript().replace(SetLayout.SCRIPT, SetLayout.DATABASE_SCRIPT).getBytes(UTF_8);
    set.writePlain(SetLayout.DATABASE_SCRIPT, output -> output.write(script));
  }

  /** Settings of a database may hold passwords: they are in no script that anybody can read. */
  private void writeSql(UnfinishedSet set, String name, String sql) {
    set.writeCoded(name, coding, bytes -> {}, output -> output.write((sql + "\n").getBytes(UTF_8)));
  }

  private String readme() {
    Template text =
        content.base().isPresent()
            ? Template.of("readme-physical.md")
                .with("BASE_BYTES", Long.toString(content.base().get().tarBytes()))
                .with("LOG_END", content.base().get().end().toString())
                .with("PACKS_AT", encryption.isEmpty() ? "../packs" : "/tmp/packs")
                .with("DECRYPT_PACKS", encryption.map(RestoreGuide::decryptPacks).orElse(""))
                .with("ENCRYPTED_LOG", encryption.map(RestoreGuide::decryptLog).orElse(""))
                .with("CONFIGURATION", stored(SetLayout.CONFIGURATION).orElse("(there is none)"))
            : Template.of("readme.md")
                .with("EMERGENCY", request.emergency() ? EMERGENCY : "")
                .with("DUMP", stored(SetLayout.DUMP).orElseThrow())
                .with("GLOBALS", stored(SetLayout.GLOBALS).orElse("(there are none)"));
    return text.with("ID", id.value())
        .with("APPLICATION", printable(request.application()))
        .with("ENVIRONMENT", printable(request.environment().name()))
        .with("DATABASE", printable(content.database().name()))
        .with("RECOVERY_POINT", content.recoveryPoint().toString())
        .with("SERVER", printable(content.server().version()))
        .with("ROWS", rows())
        .with("ENCRYPTION", encryption.map(RestoreGuide::howToDecrypt).orElse(""))
        .with("DECOMPRESS", coding.compression().undoCommand())
        .with("PROGRAMS", encryption.map(it -> "`%s`, ".formatted(it.name())).orElse(""))
        .with("PARTS", parts.stream().map(RestoreGuide::line).collect(Collectors.joining("\n")))
        .with("UNDO", coding.undoCommand())
        .text();
  }

  private String rows() {
    return encryption.isPresent()
        ? "its rows are counted in what is encrypted"
        : "%d rows in %d tables"
            .formatted(
                content.rows().stream().mapToLong(TableRows::rows).sum(), content.rows().size());
  }

  static String howToDecrypt(Encryption how) {
    return Template.of("readme-encrypted.md")
        .with("NAME", how.name())
        .with(
            "RECIPIENTS",
            how.recipients().stream().map("- `%s`"::formatted).collect(Collectors.joining("\n")))
        .text();
  }

  private static String decryptPacks(Encryption how) {
    return """
    mkdir -m 700 /tmp/packs                             # where there is room: decrypted, to be removed afterwards
    cut -d ' ' -f 1 base.index | sort -u | while read -r pack; do
      %s < "../packs/$pack" > "/tmp/packs/$pack"
    done
    """
        .formatted(how.undoCommand());
  }

  private static String decryptLog(Encryption how) {
    return "Files of the log are encrypted as well: `%s` comes before the decompression.%n"
        .formatted(how.undoCommand());
  }

  /** What a script needs of the way in which the parts are coded. */
  private Template script(String resource) {
    return script(resource, id, parts, coding);
  }

  static Template script(String resource, BackupId id, List<BackupPart> parts, Coding coding) {
    Optional<Encryption> encryption = coding.encryption();
    return Template.of(resource)
        .with("ID", id.value())
        .with("SUMS", sums(parts))
        .with("PROGRAMS", encryption.map(it -> it.name() + " ").orElse(""))
        .with(
            "USAGE",
            encryption.isEmpty()
                ? ""
                : "\n"
                    + "IDENTITY names the file with an identity of one of the recipients in"
                    + " README.md.\n"
                    + "What is decrypted is in TMPDIR (/tmp) meanwhile, and removed at the end.")
        .with(
            "NEEDS",
            encryption.isEmpty()
                ? ""
                : """
                [ -n "${IDENTITY:-}" ] || fail 'set IDENTITY to the file with your identity'
                case $IDENTITY in /*) ;; *) IDENTITY=$PWD/$IDENTITY ;; esac
                [ -r "$IDENTITY" ] || fail "cannot read the identity $IDENTITY"
                """)
        .with(
            "DECODE",
            encryption
                .map(
                    it ->
                        """
                        %s < "$1" > "$work/compressed"
                          %s < "$work/compressed"
                          rm -f -- "$work/compressed"\
                        """
                            .formatted(it.undoCommand(), coding.compression().undoCommand()))
                .orElse(coding.compression().undoCommand() + " < \"$1\""));
  }

  private String script() {
    return content.base().map(this::physicalScript).orElseGet(this::logicalScript);
  }

  private String physicalScript(BaseContent base) {
    return script("restore-physical.sh.template")
        .with(
            "PACKS",
            encryption
                .map(
                    it ->
                        Template.of("decrypt-packs.sh.template")
                            .with("DECRYPT", it.undoCommand())
                            .with(
                                "NAMES",
                                base.packs().stream()
                                    .map(Pack::name)
                                    .collect(Collectors.joining("\n")))
                            .text())
                .orElse("packs=../packs"))
        .with("DECOMPRESS", coding.compression().undoCommand())
        .with(
            "PACK_SUMS",
            base.packs().stream()
                .map(pack -> pack.sha256() + "  " + pack.name())
                .collect(Collectors.joining("\n")))
        .text();
  }

  private String logicalScript() {
    RestoreSql sql = new RestoreSql(content.database().properties());
    return script("restore.sh.template")
        .with("DUMP", stored(SetLayout.DUMP).orElseThrow())
        .with("GLOBALS", stored(SetLayout.GLOBALS).orElse(""))
        .with("CREATE_DATABASE", runSql(SetLayout.CREATE_DATABASE, sql.createDatabase()))
        .with("APPLY_PROPERTIES", runSql(SetLayout.PROPERTIES, sql.applyProperties()))
        .text();
  }

  /** Statements: in the script itself, or in a part that only an identity can read. */
  private String runSql(String part, String statements) {
    String end = "END_OF_SQL_" + id.value();
    return stored(part)
        .map(
            name ->
                "undo '%s' > \"$work/statements.sql\"\nsql < \"$work/statements.sql\""
                    .formatted(name))
        .orElse("sql <<'%s'\n%s\n%s".formatted(end, statements, end));
  }

  private static String sums(List<BackupPart> parts) {
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

  static String line(BackupPart part) {
    return "| `%s` | %d | `%s` |".formatted(part.name(), part.bytes(), part.sha256());
  }

  /** Names may hold anything; a text for people shows them on one line. */
  static String printable(String name) {
    return name.replaceAll("[\\p{Cntrl}`|]", "?");
  }
}
