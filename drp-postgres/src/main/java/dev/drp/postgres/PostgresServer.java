package dev.drp.postgres;

import dev.drp.database.BaseBackup;
import dev.drp.database.Canary;
import dev.drp.database.CanarySession;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.RestoreTarget;
import dev.drp.database.ServerFacts;
import dev.drp.database.WalSource;
import dev.drp.plan.SchemaVersion;
import dev.drp.runtime.ImageIdentity;
import java.io.OutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A PostgreSQL server, in a container or on a host. */
final class PostgresServer implements DatabaseServer {
  private final Sessions sessions;
  private final ClientPrograms programs;
  private final Place place;
  private final SchemaVersion schemaVersion;
  private final Clock clock;

  PostgresServer(
      Sessions sessions,
      ClientPrograms programs,
      Place place,
      SchemaVersion schemaVersion,
      Clock clock) {
    this.sessions = sessions;
    this.programs = programs;
    this.place = place;
    this.schemaVersion = schemaVersion;
    this.clock = clock;
  }

  Sessions sessions() {
    return sessions;
  }

  @Override
  public ServerFacts facts() {
    try (Session session = sessions.maintenance()) {
      Instant before = clock.instant();
      Instant serverTime =
          session.row(
              "read the server's clock",
              "SELECT clock_timestamp()",
              row -> row.getObject(1, OffsetDateTime.class).toInstant());
      Instant middle = before.plus(Duration.between(before, clock.instant()).dividedBy(2));
      List<String> slots =
          session.rows(
              "list replication slots",
              "SELECT slot_name FROM pg_catalog.pg_replication_slots ORDER BY 1",
              row -> row.getString(1));
      List<String> prepared =
          session.rows(
              "list prepared transactions",
              "SELECT gid FROM pg_catalog.pg_prepared_xacts ORDER BY 1",
              row -> row.getString(1));
      return session.row(
          "ask the server who it is",
          """
          SELECT current_setting('server_version_num')::int, current_setting('server_version'),
                 (SELECT system_identifier FROM pg_catalog.pg_control_system()),
                 pg_catalog.pg_is_in_recovery()\
          """,
          row ->
              new ServerFacts(
                  row.getInt(1),
                  row.getString(2),
                  row.getString(3),
                  row.getBoolean(4),
                  serverTime,
                  Duration.between(middle, serverTime),
                  image(),
                  place.name(),
                  slots,
                  prepared));
    }
  }

  private Optional<ImageIdentity> image() {
    return place.image();
  }

  @Override
  public List<DatabaseSummary> databases() {
    try (Session session = sessions.maintenance()) {
      return session.rows(
          "list databases",
          """
          SELECT datname, CASE WHEN has_database_privilege(d.oid, 'CONNECT')
                               THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END,
                 datallowconn, %s
            FROM pg_catalog.pg_database d WHERE NOT datistemplate ORDER BY datname COLLATE "C\"\
          """
              .formatted(Marks.select(Marks.MARK)),
          row ->
              new DatabaseSummary(
                  row.getString(1),
                  row.getLong(2),
                  row.getBoolean(3),
                  Optional.ofNullable(row.getString(4))));
    }
  }

  @Override
  public DatabaseDescription describe(String database) {
    try (Session session = sessions.open(database)) {
      return new Description(session).read(database, schemaVersion);
    }
  }

  @Override
  public Optional<List<String>> values(
      String database, String table, String column, String condition) {
    try (Session session = sessions.open(database)) {
      List<String> found =
          session.rows(
              "look for table " + table,
              """
              SELECT c.oid::regclass::text
                FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
               WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
                 AND a.attname = ? AND a.attnum > 0 AND NOT a.attisdropped
                 AND (c.relname = ? AND pg_catalog.pg_table_is_visible(c.oid)
                      OR n.nspname || '.' || c.relname = ?)
               ORDER BY pg_catalog.pg_table_is_visible(c.oid) DESC LIMIT 1\
              """,
              row -> row.getString(1),
              column,
              table,
              table);
      return found.stream()
          .findFirst()
          .map(
              name ->
                  session.rows(
                      "read table " + table,
                      """
                      SELECT DISTINCT %1$s::text COLLATE "C" FROM %2$s
                       WHERE %1$s IS NOT NULL AND (%3$s) ORDER BY 1\
                      """
                          .formatted(
                              Sql.name(column), name, condition.isEmpty() ? "true" : condition),
                      row -> row.getString(1)));
    }
  }

  @Override
  public ConsistentSnapshot openSnapshot(String database) {
    return PostgresSnapshot.open(sessions, programs, database);
  }

  @Override
  public BaseBackup openBaseBackup() {
    return PostgresBaseBackup.open(sessions, programs, place);
  }

  @Override
  public WalSource openWal(String application) {
    return PostgresWal.open(sessions, application);
  }

  @Override
  public List<String> dumpWhatCanBeRead(String database, OutputStream output) {
    return new Salvage(sessions, programs, database).dump(output);
  }

  @Override
  public RestoreTarget restoreTarget() {
    return new PostgresRestoreTarget(sessions, programs, place);
  }

  @Override
  public List<Extension> availableExtensions() {
    try (Session session = sessions.maintenance()) {
      return session.rows(
          "list available extensions",
          "SELECT name, default_version FROM pg_catalog.pg_available_extensions ORDER BY 1",
          row -> new Extension(row.getString(1), row.getString(2)));
    }
  }

  @Override
  public Optional<String> collationVersion(DatabaseProperties like) {
    try (Session session = sessions.maintenance()) {
      boolean icu = like.localeProvider().equals("icu");
      return session
          .rows(
              "ask for the version of a collation",
              // The system's names of one locale differ in case and hyphens: en_US.UTF-8,
              // en_US.utf8.
              """
              WITH known(provider, locale, version) AS (
                SELECT collprovider::text,
                       coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale',
                                collcollate),
                       pg_catalog.pg_collation_actual_version(oid)
                  FROM pg_catalog.pg_collation c
                UNION ALL
                SELECT datlocprovider::text,
                       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale',
                                datcollate),
                       pg_catalog.pg_database_collation_actual_version(oid)
                  FROM pg_catalog.pg_database d)
              SELECT version FROM known
               WHERE provider = ? AND version IS NOT NULL
                 AND replace(lower(locale), '-', '') = replace(lower(?), '-', '')
               LIMIT 1\
              """,
              row -> row.getString(1),
              icu ? "i" : "c",
              icu ? like.icuLocale().orElse("") : like.collate())
          .stream()
          .findFirst();
    }
  }

  @Override
  public Optional<Instant> newestReplayedCommit() {
    try (Session session = sessions.maintenance()) {
      return session
          .rows(
              "ask how far the log was replayed",
              """
              SELECT replayed FROM (SELECT pg_catalog.pg_last_xact_replay_timestamp()) r(replayed)
               WHERE replayed IS NOT NULL\
              """,
              row -> row.getObject(1, OffsetDateTime.class).toInstant())
          .stream()
          .findFirst();
    }
  }

  @Override
  public CanarySession openCanary(String database) {
    return PostgresCanary.open(sessions, database);
  }

  @Override
  public Optional<Canary> canary(String database) {
    try (Session session = sessions.open(database)) {
      return PostgresCanary.read(session);
    }
  }

  @Override
  public OptionalLong freeBytes() {
    return place.freeBytes(sessions);
  }

  @Override
  public void close() {
    sessions.close();
  }
}
