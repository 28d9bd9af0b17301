package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.ExpectationResult;
import dev.drp.database.TableRows;
import dev.drp.plan.Expectation;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;

/**
 * A snapshot that one session exports and holds, and that others take over: those that count, those
 * that evaluate, pg_dump.
 */
final class PostgresSnapshot implements ConsistentSnapshot {
  /** Two, so that one large table does not keep the others waiting, and the dump gets its turn. */
  private static final int COUNTERS = 2;

  private static final Duration EXPECTATION_LIMIT = Duration.ofMinutes(10);
  private static final Duration LEAST_CUT_OFF = Duration.ofSeconds(10);
  private static final int HASHES_AT_ONCE = 10_000;

  private static final String TABLES =
      """
      SELECT n.nspname, c.relname, pg_catalog.pg_relation_size(c.oid)
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND\
      """
          + " "
          + Description.CONTENT;

  private final Sessions sessions;
  private final ClientPrograms programs;
  private final String database;
  private final Session holder;
  private final String id;
  private final Instant takenAt;

  private PostgresSnapshot(
      Sessions sessions,
      ClientPrograms programs,
      String database,
      Session holder,
      String id,
      Instant takenAt) {
    this.sessions = sessions;
    this.programs = programs;
    this.database = database;
    this.holder = holder;
    this.id = id;
    this.takenAt = takenAt;
  }

  static PostgresSnapshot open(Sessions sessions, ClientPrograms programs, String database) {
    Session holder = sessions.openLong(database);
    try {
      holder.change("open a snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      // The transaction's start: what was committed before it is in the snapshot for certain.
      Instant takenAt =
          holder.row(
              "open a snapshot",
              "SELECT transaction_timestamp()",
              row -> row.getObject(1, OffsetDateTime.class).toInstant());
      String id =
          holder.row(
              "export a snapshot",
              "SELECT pg_catalog.pg_export_snapshot()",
              row -> row.getString(1));
      return new PostgresSnapshot(sessions, programs, database, holder, id, takenAt);
    } catch (RecoveryException e) {
      holder.close();
      throw e;
    }
  }

  @Override
  public Instant takenAt() {
    return takenAt;
  }

  /** Opens another session that sees the same. */
  private Session join() {
    Session session = sessions.openLong(database);
    try {
      // Rows hidden by a policy would be missing from the count: then an error is better.
      session.change("read all rows", "SET row_security = off");
      session.change("share a snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      session.change("share a snapshot", "SET TRANSACTION SNAPSHOT " + Sql.text(id));
      return session;
    } catch (RecoveryException e) {
      session.close();
      throw e;
    }
  }

  /**
   * Reads the tables themselves: that they can be read is a part of the proof, which an index is
   * not. It also takes a time that is known. By an index, of a table of which every page was
   * changed since it was last vacuumed, each row is looked up at random: eight seconds for 700 MB
   * that are read in a quarter of one.
   */
  private Session joinToCount() {
    Session session = join();
    try {
      session.change(
          "read tables in order", "SET LOCAL enable_indexonlyscan = off; SET LOCAL jit = off");
      return session;
    } catch (RecoveryException e) {
      session.close();
      throw e;
    }
  }

  private record Table(String schema, String name, long bytes) {}

  @Override
  public List<TableRows> countRows() {
    List<Table> tables;
    try (Session session = join()) {
      tables =
          session.rows(
              "list tables",
              TABLES,
              row -> new Table(row.getString(1), row.getString(2), row.getLong(3)));
    }
    Queue<TableRows> counted = new ConcurrentLinkedQueue<>();
    SpreadWork.over(
        COUNTERS,
        this::joinToCount,
        tables.stream().sorted(Comparator.comparingLong(Table::bytes).reversed()).toList(),
        (session, table) -> counted.add(count(session, table)));
    return counted.stream()
        .sorted(Comparator.comparing(TableRows::schema).thenComparing(TableRows::table))
        .toList();
  }

  private static TableRows count(Session session, Table table) {
    long rows =
        session.row(
            "count the rows of %s.%s".formatted(table.schema, table.name),
            // ONLY: tables that inherit are counted by themselves.
            "SELECT count(*) FROM ONLY " + Sql.name(table.schema, table.name),
            row -> row.getLong(1));
    return new TableRows(table.schema, table.name, rows);
  }

  @Override
  public ExpectationResult evaluate(Expectation expectation) {
    Optional<Duration> within = expectation.within();
    // Let it run on for a while: by how much it was too slow is worth knowing.
    Duration cutOff =
        within
            .map(limit -> limit.multipliedBy(10))
            .map(limit -> limit.compareTo(LEAST_CUT_OFF) < 0 ? LEAST_CUT_OFF : limit)
            .orElse(EXPECTATION_LIMIT);
    try (Session session = join()) {
      session.change("limit a statement", "SET LOCAL statement_timeout = " + cutOff.toMillis());
      long start = System.nanoTime();
      String actual;
      boolean met;
      try {
        Optional<String> value = session.value(expectation.sql());
        actual = value.orElse("no value");
        met = value.filter(expectation.expect()::isMetBy).isPresent();
      } catch (RecoveryException e) {
        if (e.code() == ErrorCode.DATABASE_UNAVAILABLE) {
          throw e;
        }
        actual =
            e.code() == ErrorCode.TIMED_OUT
                ? "ended after %d ms without a result".formatted(cutOff.toMillis())
                : e.problem();
        met = false;
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      return new ExpectationResult(
          expectation.name(),
          expectation.expect().toString(),
          actual,
          met,
          took,
          within.filter(limit -> took.compareTo(limit) > 0).isEmpty());
    }
  }

  @Override
  public void rowHashes(String schema, String table, LongConsumer each) {
    String name = Sql.name(schema, table);
    try (Session session = join()) {
      session.run(
          "hash the rows of %s.%s".formatted(schema, table),
          connection -> {
            hashes(
                connection, "SELECT hashtextextended(t::text, 0) FROM ONLY " + name + " t", each);
            return name;
          });
    }
  }

  private static void hashes(Connection connection, String sql, LongConsumer each)
      throws SQLException {
    connection.setAutoCommit(false); // or the driver would fetch all rows at once
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(HASHES_AT_ONCE);
      try (ResultSet rows = statement.executeQuery(sql)) {
        while (rows.next()) {
          each.accept(rows.getLong(1));
        }
      }
    } finally {
      connection.rollback();
    }
  }

  @Override
  public String dump(OutputStream output) {
    ClientPrograms.Program program = programs.find("pg_dump");
    List<String> arguments =
        List.of(
            "--format=custom",
            "--compress=0",
            "--snapshot=" + id,
            "--lock-wait-timeout=60000",
            "--no-password",
            "--dbname=" + ClientPrograms.connectionTo(database));
    programs.copyOutput(programs.command(program, arguments, "", Sessions.LONG), output);
    return program.version();
  }

  @Override
  public boolean dumpGlobals(OutputStream output) {
    boolean passwords = isSuperuser(holder);
    ClientPrograms.Program program = programs.find("pg_dumpall");
    List<String> arguments = new ArrayList<>(List.of("--globals-only", "--no-password"));
    if (!passwords) {
      arguments.add("--no-role-passwords"); // those only superusers may read
    }
    arguments.add("--database=" + maintenanceDatabase());
    programs.copyOutput(programs.command(program, arguments, "", Sessions.LONG), output);
    return passwords;
  }

  private String maintenanceDatabase() {
    try (Session session = sessions.maintenance()) {
      return session.row(
          "ask for the database's name", "SELECT current_database()", row -> row.getString(1));
    }
  }

  static boolean isSuperuser(Session session) {
    return session.row(
        "ask whether this role is a superuser",
        "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user",
        row -> row.getBoolean(1));
  }

  @Override
  public void close() {
    holder.close();
  }
}
