package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseProperties.Privilege;
import dev.drp.database.DatabaseProperties.Setting;
import dev.drp.plan.SchemaVersion;
import java.util.List;
import java.util.Optional;

/** Reads what a database is like, through a session in it. */
final class Description {
  /** Relations of users: not the system's, not an extension's own, not temporary. */
  static final String OF_USERS =
      """
      n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'
      AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND c.relpersistence <> 't'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                       WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid
                         AND e.deptype = 'e')\
      """;

  /** Those that count as content: not the canary, which comes and goes with the log's stream. */
  static final String CONTENT =
      OF_USERS
          + " AND NOT (n.nspname = '%s' AND c.relname = '%s')"
              .formatted(PostgresCanary.SCHEMA, PostgresCanary.TABLE);

  private final Session session;

  Description(Session session) {
    this.session = session;
  }

  DatabaseDescription read(String database, SchemaVersion schemaVersion) {
    return new DatabaseDescription(
        database,
        session.row(
            "measure database " + database,
            "SELECT pg_catalog.pg_database_size(current_database())",
            row -> row.getLong(1)),
        userTables(),
        properties(database),
        session.rows(
            "list extensions",
            "SELECT extname, extversion FROM pg_catalog.pg_extension ORDER BY 1",
            row -> new Extension(row.getString(1), row.getString(2))),
        names("publications", "SELECT pubname FROM pg_catalog.pg_publication ORDER BY 1"),
        names(
            "subscriptions",
            """
            SELECT subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d
                ON d.oid = s.subdbid WHERE d.datname = current_database() ORDER BY 1\
            """),
        schemaVersion(schemaVersion));
  }

  private List<String> names(String what, String sql) {
    return session.rows("list " + what, sql, row -> row.getString(1));
  }

  /** Tables, and what else holds or shows rows. */
  int userTables() {
    return session.row(
        "count tables",
        """
        SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n
            ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'f', 'm') AND\
        """
            + " "
            + CONTENT,
        row -> row.getInt(1));
  }

  DatabaseProperties properties(String database) {
    Optional<List<Privilege>> privileges =
        session.row(
                "read the privileges of database " + database,
                """
                SELECT datacl IS NOT NULL AND NOT (datacl @> acldefault('d', datdba)
                           AND datacl <@ acldefault('d', datdba))
                  FROM pg_catalog.pg_database WHERE datname = ?\
                """,
                row -> row.getBoolean(1),
                database)
            ? Optional.of(privileges(database))
            : Optional.empty();
    List<Setting> settings = settings(database);
    return session.row(
        "read the properties of database " + database,
        """
        SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,
               CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
               coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
               coalesce(datcollversion, pg_database_collation_actual_version(oid)), datconnlimit
          FROM pg_catalog.pg_database d WHERE datname = ?\
        """,
        row ->
            new DatabaseProperties(
                row.getString(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                Optional.ofNullable(row.getString(6)),
                Optional.ofNullable(row.getString(7)),
                row.getInt(8),
                privileges,
                settings),
        database);
  }

  private List<Privilege> privileges(String database) {
    return session.rows(
        "read the privileges of database " + database,
        """
        SELECT DISTINCT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END,
               a.privilege_type, a.is_grantable
          FROM pg_catalog.pg_database d, aclexplode(d.datacl) a WHERE d.datname = ?
         ORDER BY 1 NULLS FIRST, 2, 3\
        """,
        row ->
            new Privilege(
                Optional.ofNullable(row.getString(1)), row.getString(2), row.getBoolean(3)),
        database);
  }

  private List<Setting> settings(String database) {
    return session.rows(
        "read the settings of database " + database,
        """
        SELECT CASE WHEN s.setrole = 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END,
               split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)
          FROM pg_catalog.pg_db_role_setting s
          JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) entry
         WHERE d.datname = ? AND entry NOT LIKE '%s'
         ORDER BY 1 NULLS FIRST, 2\
        """
            .formatted(Marks.PATTERN),
        row ->
            new Setting(Optional.ofNullable(row.getString(1)), row.getString(2), row.getString(3)),
        database);
  }

  /** Never an error: a schema without a version is normal. */
  private Optional<String> schemaVersion(SchemaVersion question) {
    try {
      return question.sql().isPresent()
          ? session.value(question.sql().get())
          : newestMigration(question.table());
    } catch (RecoveryException e) {
      return Optional.empty();
    }
  }

  /**
   * The newest row of a table of migrations, whoever made it: TypeORM, Flyway, Prisma, Django and
   * others differ in their columns, which are tried in the order of how well they tell.
   */
  private Optional<String> newestMigration(String table) {
    List<String> columns =
        session.rows(
            "look at the table of migrations",
            """
            SELECT attname FROM pg_catalog.pg_attribute
             WHERE attrelid = coalesce(to_regclass(?), to_regclass(quote_ident(?)))
               AND attnum > 0 AND NOT attisdropped\
            """,
            row -> row.getString(1),
            table,
            table);
    Optional<String> version =
        first(columns, "version", "name", "migration_name", "migration", "filename", "id");
    Optional<String> order =
        first(
            columns,
            "installed_rank",
            "timestamp",
            "finished_at",
            "applied",
            "executed_at",
            "orderexecuted",
            "id",
            "version");
    if (version.isEmpty() || order.isEmpty()) {
      return Optional.empty();
    }
    String name =
        session.row(
            "look at the table of migrations",
            "SELECT coalesce(to_regclass(?), to_regclass(quote_ident(?)))::text",
            row -> row.getString(1),
            table,
            table);
    return session.value(
        "SELECT %s::text FROM %s ORDER BY %s DESC NULLS LAST LIMIT 1"
            .formatted(Sql.name(version.get()), name, Sql.name(order.get())));
  }

  private static Optional<String> first(List<String> columns, String... wanted) {
    return List.of(wanted).stream().filter(columns::contains).findFirst();
  }
}
