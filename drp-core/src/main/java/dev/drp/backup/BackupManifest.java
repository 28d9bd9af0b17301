package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.ExpectationResult;
import dev.drp.database.ServerFacts;
import dev.drp.database.TableRows;
import dev.drp.plan.BackupKind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a backup holds and what proves it. Published last: without it, there is no backup.
 *
 * @param emergency taken from a damaged server as far as it could be read: never counts as good
 * @param schedule the plan's schedule that it was taken for; empty for one taken by hand
 * @param writer who wrote it
 * @param startedAt when it began, by the writer's clock
 * @param took how long it took, by a monotonic clock, until the parts were read back
 * @param recoveryPoint the instant that the restored data will reflect, by the database server's
 *     clock
 * @param serverFacts the server it was taken from; empty when it holds no database
 * @param databaseFacts the database, as it was; empty when it holds none; of an encrypted backup
 *     this, rows and expectations are known to whoever can decrypt it ({@link
 *     BackupReader#unsealed}), and else neutral values
 * @param rows rows of every table in the backup's own snapshot; of a physical backup, in one that
 *     was open while the files were copied
 * @param expectations the plan's expectations, evaluated in the same snapshot
 * @param rolePasswords whether the globals hold the hashes of roles' passwords
 * @param toolVersions versions of the programs used, such as {@code pg_dump (PostgreSQL) 15.18}
 * @param unreadable what could not be read: of a damaged server, or files
 * @param base the server's files, of a physical backup
 * @param files what else it holds, of a configuration or system backup
 * @param recipients who can decrypt it, as the plan named them; empty when it is not encrypted
 */
public record BackupManifest(
    BackupId id,
    String application,
    String environment,
    BackupKind kind,
    boolean emergency,
    Optional<String> schedule,
    Writer writer,
    Instant startedAt,
    Duration took,
    Instant recoveryPoint,
    @JsonProperty("server") Optional<ServerFacts> serverFacts,
    @JsonProperty("database") Optional<DatabaseDescription> databaseFacts,
    List<TableRows> rows,
    List<ExpectationResult> expectations,
    boolean rolePasswords,
    List<String> toolVersions,
    List<String> unreadable,
    List<BackupPart> parts,
    Optional<BaseContent> base,
    Optional<FilesContent> files,
    List<String> recipients) {
  /** The format of backups that are not encrypted. */
  public static final int PLAIN_FORMAT = 1;

  /** The format of those that are: who knows the first one only would take them for damaged. */
  public static final int ENCRYPTED_FORMAT = 2;

  /** The format of those with files: earlier versions expect a database in every backup. */
  public static final int FILES_FORMAT = 3;

  public BackupManifest {
    requireNonNull(id, "id");
    requireNonNull(application, "application");
    requireNonNull(environment, "environment");
    requireNonNull(kind, "kind");
    requireNonNull(schedule, "schedule");
    requireNonNull(writer, "writer");
    requireNonNull(startedAt, "startedAt");
    requireNonNull(took, "took");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(serverFacts, "serverFacts");
    requireNonNull(databaseFacts, "databaseFacts");
    rows = List.copyOf(rows);
    expectations = List.copyOf(expectations);
    toolVersions = List.copyOf(toolVersions);
    unreadable = List.copyOf(unreadable);
    parts = List.copyOf(parts);
    requireNonNull(base, "base");
    requireNonNull(files, "files");
    recipients = List.copyOf(recipients);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("backup %s lists no parts".formatted(id));
    }
    if (files.isEmpty() && (serverFacts.isEmpty() || databaseFacts.isEmpty())) {
      throw new IllegalArgumentException(
          "backup %s holds neither a database nor files".formatted(id));
    }
  }

  /** Of a database alone. */
  public BackupManifest(
      BackupId id,
      String application,
      String environment,
      BackupKind kind,
      boolean emergency,
      Optional<String> schedule,
      Writer writer,
      Instant startedAt,
      Duration took,
      Instant recoveryPoint,
      ServerFacts server,
      DatabaseDescription database,
      List<TableRows> rows,
      List<ExpectationResult> expectations,
      boolean rolePasswords,
      List<String> toolVersions,
      List<String> unreadable,
      List<BackupPart> parts,
      Optional<BaseContent> base,
      List<String> recipients) {
    this(
        id,
        application,
        environment,
        kind,
        emergency,
        schedule,
        writer,
        startedAt,
        took,
        recoveryPoint,
        Optional.of(server),
        Optional.of(database),
        rows,
        expectations,
        rolePasswords,
        toolVersions,
        unreadable,
        parts,
        base,
        Optional.empty(),
        recipients);
  }

  /** The server, of a backup with a database. */
  public ServerFacts server() {
    return serverFacts.orElseThrow(this::noDatabase);
  }

  /** The database, of a backup with one. */
  public DatabaseDescription database() {
    return databaseFacts.orElseThrow(this::noDatabase);
  }

  private IllegalStateException noDatabase() {
    return new IllegalStateException("backup %s holds no database".formatted(id));
  }

  /** Whether it holds a dump of a database. */
  public boolean hasDump() {
    return parts.stream().anyMatch(part -> part.plainName().equals(SetLayout.DUMP));
  }

  /** The files, of a configuration or system backup. */
  public FilesContent requireFiles() {
    return files.orElseThrow(
        () -> new IllegalStateException("backup %s holds no files".formatted(id)));
  }

  /** Whether it holds secrets that whoever reads a storage can read, and the plan did not allow. */
  boolean mustStay() {
    return files.filter(it -> !it.plain()).isPresent() && !encrypted();
  }

  /** Whether reading it takes an identity. */
  public boolean encrypted() {
    return !recipients.isEmpty();
  }

  /** The same with what it says of the content replaced. */
  BackupManifest with(BackupFacts facts) {
    return new BackupManifest(
        id,
        application,
        environment,
        kind,
        emergency,
        schedule,
        writer,
        startedAt,
        took,
        recoveryPoint,
        serverFacts,
        Optional.of(facts.database()),
        facts.rows(),
        facts.expectations(),
        rolePasswords,
        toolVersions,
        unreadable,
        parts,
        base,
        files,
        recipients);
  }

  /** As it is stored: what it says of an encrypted backup's content is a part of its own. */
  BackupManifest asStored() {
    return isSealed() ? with(facts().sealed()) : this;
  }

  /** Whether a part of it, {@link BackupFacts}, says what the stored manifest leaves out. */
  boolean isSealed() {
    return encrypted() && databaseFacts.isPresent();
  }

  BackupFacts facts() {
    return new BackupFacts(database(), rows, expectations);
  }

  int format() {
    return files.isPresent() ? FILES_FORMAT : encrypted() ? ENCRYPTED_FORMAT : PLAIN_FORMAT;
  }

  /** How much is lost when the data is restored after a failure at that instant. */
  public Duration dataLossAt(Instant failure) {
    return Duration.between(recoveryPoint, failure);
  }

  /** The dump of the database, uncompressed in PostgreSQL's custom format once it is read. */
  public BackupPart dump() {
    return part(SetLayout.DUMP);
  }

  /** Roles and tablespaces as SQL; an emergency backup may have none. */
  public Optional<BackupPart> globals() {
    return parts.stream().filter(part -> part.plainName().equals(SetLayout.GLOBALS)).findFirst();
  }

  /** The server's files. */
  public BaseContent requireBase() {
    return base.orElseThrow(
        () -> new IllegalStateException("backup %s is not a physical one".formatted(id)));
  }

  /**
   * Where it is filed: sets of one server share packs and a log, those with files share nothing.
   */
  String system() {
    return files.isPresent() ? SetLayout.folderOf(kind) : server().systemIdentifier();
  }

  BackupPart part(String plainName) {
    return parts.stream()
        .filter(part -> part.plainName().equals(plainName))
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException("backup %s has no %s".formatted(id, plainName)));
  }

  /** The sum of rows of all tables. */
  public long totalRows() {
    return rows.stream().mapToLong(TableRows::rows).sum();
  }

  /** What it added to a storage: its parts, and what it was the first to put into packs. */
  public long storedBytes() {
    return parts.stream().mapToLong(BackupPart::bytes).sum()
        + base.map(BaseContent::newBytes).orElse(0L);
  }

  /**
   * Who wrote a backup.
   *
   * @param id drawn once for a state directory
   * @param epoch grows each time that another writer takes over: the higher one may write
   * @param host name of its machine
   * @param version of this tool
   */
  public record Writer(String id, long epoch, String host, String version) {}
}
