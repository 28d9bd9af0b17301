package dev.drp.backup;

import dev.drp.plan.BackupKind;
import dev.drp.state.FileName;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Where things are in a storage; see docs/design/backup-format.md. */
public final class SetLayout {
  static final String MANIFEST = "manifest.json";
  static final String README = "README.md";
  static final String SCRIPT = "restore.sh";

  /** Of a backup with files and a database, the script for the latter. */
  static final String DATABASE_SCRIPT = "restore-database.sh";

  static final String DUMP = "database.dump";
  static final String GLOBALS = "globals.sql";

  /** Runs of frames in packs, in the order of the tar: what a restore by hand needs. */
  static final String RUNS = "base.index";

  /** All chunks of the tar with their identity. */
  static final String CHUNKS = "base.chunks";

  /** What the server reads from outside its data directory. */
  static final String CONFIGURATION = "configuration.tar";

  /** Of an encrypted backup, what the manifest of one that is not says of the content. */
  static final String FACTS = "facts.json";

  /** Of an encrypted backup, statements that the script of one that is not holds itself. */
  static final String CREATE_DATABASE = "create-database.sql";

  /** As above. */
  static final String PROPERTIES = "properties.sql";

  /** Images of containers, as the engine saves them. */
  static final String IMAGES = "images.tar";

  static final String EVENTS = "events";

  /** The first object of a set: without a manifest beside it, the set never became a backup. */
  static final String STARTED = "started.json";

  /** Says that a set is being removed: what is left of it is waste. */
  static final String EXPIRED = "expired.json";

  /** Stands for the system identifier of a server that could not be asked. */
  static final String UNKNOWN_SYSTEM = "unknown";

  /** Beside the sets of a server: what several of them share. */
  static final String PACKS = "packs";

  /** Beside the sets of a server: its write-ahead log. */
  static final String WAL = "wal";

  private static final String WRITERS = "writers";
  private static final Pattern FOLDER_OF_SETS =
      Pattern.compile("\\d{1,20}|configuration|system|" + UNKNOWN_SYSTEM);
  private static final Pattern PART_OF_SET =
      Pattern.compile(
          "(database\\.dump|globals\\.sql|base\\.chunks|configuration\\.tar|files-\\d+\\.tar"
              + "|images\\.tar|facts\\.json|create-database\\.sql|properties\\.sql)"
              + "(\\.[a-z0-9]+){0,2}"
              + "|base\\.index|README\\.md|restore\\.sh|restore-database\\.sh|manifest\\.json"
              + "|started\\.json|expired\\.json|events/[^/]+\\.json");

  private SetLayout() {}

  static ObjectName environment(String application, String environment) {
    return new ObjectName(FileName.encode(application)).child(FileName.encode(environment));
  }

  static ObjectName writers(ObjectName environment) {
    return environment.child(WRITERS);
  }

  static ObjectName set(ObjectName environment, String systemIdentifier, BackupId id) {
    return environment.child(FileName.encode(systemIdentifier)).child(id.value());
  }

  /** Where the write-ahead log of a server is. */
  public static ObjectName wal(String application, String environment, String systemIdentifier) {
    return environment(application, environment)
        .child(FileName.encode(systemIdentifier))
        .child(WAL);
  }

  /** The servers of an environment that a storage holds something of: their system identifiers. */
  public static List<String> systems(NamedStorage storage, String application, String environment) {
    return SetFolder.systems(storage, environment(application, environment)).stream()
        .map(ObjectName::lastSegment)
        .filter(it -> !isFolderOfFiles(it))
        .toList();
  }

  private static boolean isFolderOfFiles(String folder) {
    return folder.equals(folderOf(BackupKind.CONFIGURATION))
        || folder.equals(folderOf(BackupKind.SYSTEM));
  }

  /** What sets with files are filed under, in place of a system identifier. */
  static String folderOf(BackupKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /** The tar of that number, from 1, in a set with files. */
  static String files(int number) {
    return "files-%02d.tar".formatted(number);
  }

  static boolean isWriters(String folder) {
    return folder.equals(WRITERS);
  }

  /** Whether sets are filed under it: a system identifier, or what stands for one. */
  static boolean isFolderOfSets(String folder) {
    return FOLDER_OF_SETS.matcher(folder).matches();
  }

  /** Whether a folder beside a server's sets is one of ours. */
  static boolean isShared(String folder) {
    return folder.equals(PACKS) || folder.equals(WAL);
  }

  /** Whether this program writes objects of that name into the folder of a set. */
  static boolean isPartOfSet(String name) {
    return PART_OF_SET.matcher(name).matches();
  }

  static Optional<BackupId> backupId(String folder) {
    return BackupId.isValid(folder) ? Optional.of(new BackupId(folder)) : Optional.empty();
  }
}
