package dev.drp.postgres;

import dev.drp.runtime.ByteStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.jdbc.PreferQueryMode;

/** Opens sessions on one server. Safe for concurrent use. */
final class Sessions implements AutoCloseable {
  /** How long work on data may take: counting, loading, analyzing. */
  static final Duration LONG = Duration.ofHours(24);

  private static final Duration SHORT = Duration.ofMinutes(2);
  private static final int CONNECT_SECONDS = 10;
  private static final int LOGIN_SECONDS = 20;

  /** What an administrator's settings must not do to a backup or a restore. */
  private static final String OPTIONS =
      "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0"
          + " -c default_transaction_read_only=off -c lock_timeout=60s -c intervalstyle=postgres"
          + " -c extra_float_digits=3";

  /** From this major version on, servers limit transactions; earlier ones refuse the setting. */
  static final int TRANSACTIONS_LIMITED = 17;

  static final String NO_TRANSACTION_TIMEOUT = " -c transaction_timeout=0";

  private final Route route;
  private final Login login;
  private final String maintenanceDatabase;
  private final Failures failures;
  private final @Nullable String socketKey;
  private volatile String options = OPTIONS;

  Sessions(Route route, Login login, String maintenanceDatabase, String place) {
    this.route = route;
    this.login = login;
    this.maintenanceDatabase = maintenanceDatabase;
    this.failures = new Failures(place, login.user());
    this.socketKey = route instanceof Route.Tcp ? null : RouteSocketFactory.register(opener(route));
  }

  private static Supplier<ByteStream> opener(Route route) {
    if (route instanceof Route.Tunnelled tunnelled) {
      return () -> tunnelled.tunnel().connect(tunnelled.port());
    }
    if (route instanceof Route.UnixSocket unix) {
      return () -> new UnixSocketStream(unix.socket());
    }
    throw new IllegalArgumentException(route.toString());
  }

  Route route() {
    return route;
  }

  Login login() {
    return login;
  }

  Failures failures() {
    return failures;
  }

  /** Opens a session for short statements. */
  Session open(String database) {
    return open(database, SHORT);
  }

  /** Opens a session for statements that work on data. */
  Session openLong(String database) {
    return open(database, LONG);
  }

  /**
   * Opens a session in a database that nobody restores: {@code postgres} or, without it, template1.
   */
  Session maintenance() {
    try {
      return connect(maintenanceDatabase, SHORT);
    } catch (SQLException e) {
      if (!Failures.NO_SUCH_DATABASE.equals(e.getSQLState())) {
        throw failures.of(e, "connect to database " + maintenanceDatabase);
      }
    }
    try {
      return connect("template1", SHORT);
    } catch (SQLException e) {
      throw failures.of(e, "connect to database template1");
    }
  }

  /**
   * Opens a session that replicates, as pg_basebackup does: it knows no SQL.
   *
   * @param application the name that it goes by on the server
   */
  Session replication(String application) throws SQLException {
    return replication(application, SHORT, "");
  }

  /**
   * The same for streaming.
   *
   * @param silence after so long without anything from the server, it counts as gone
   * @param options further settings of the session, as {@code -c name=value}
   */
  Session replication(String application, Duration silence, String options) throws SQLException {
    PGSimpleDataSource source = source("postgres", silence);
    source.setApplicationName(application);
    source.setReplication("true");
    source.setPreferQueryMode(PreferQueryMode.SIMPLE);
    return connect(source, options);
  }

  /**
   * Opens a session with settings of its own.
   *
   * @param silence after so long without an answer from the server, it counts as gone
   * @param options further settings, as {@code -c name=value}; they overrule ours
   */
  Session with(String application, String database, Duration silence, String options)
      throws SQLException {
    PGSimpleDataSource source = source(database, silence);
    source.setApplicationName(application);
    return connect(source, options);
  }

  private Session open(String database, Duration limit) {
    try {
      return connect(database, limit);
    } catch (SQLException e) {
      if (Failures.NO_SUCH_DATABASE.equals(e.getSQLState())) {
        throw failures.noSuchDatabase(database, databaseNames(), e);
      }
      throw failures.of(e, "connect to database " + database);
    }
  }

  /** Names of the databases that are no templates. */
  List<String> databaseNames() {
    try (Session session = maintenance()) {
      return session.rows(
          "list databases",
          "SELECT datname FROM pg_catalog.pg_database WHERE NOT datistemplate ORDER BY 1",
          row -> row.getString(1));
    }
  }

  private Session connect(String database, Duration limit) throws SQLException {
    return connect(source(database, limit), "");
  }

  /**
   * A server tells its version only to who is connected. So the first session with a newer one is
   * given up for another, with the setting that it knows.
   */
  private Session connect(PGSimpleDataSource source, String more) throws SQLException {
    String known = options;
    source.setOptions(known + more);
    Connection connection = source.getConnection();
    if (known.equals(OPTIONS)
        && connection.getMetaData().getDatabaseMajorVersion() >= TRANSACTIONS_LIMITED) {
      connection.close();
      options = OPTIONS + NO_TRANSACTION_TIMEOUT;
      source.setOptions(options + more);
      connection = source.getConnection();
    }
    return new Session(connection, failures);
  }

  private PGSimpleDataSource source(String database, Duration limit) throws SQLException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {host()});
    source.setPortNumbers(new int[] {route.port()});
    source.setDatabaseName(database);
    source.setUser(login.user());
    login.password().ifPresent(it -> source.setPassword(it.reveal()));
    source.setApplicationName("drp");
    source.setConnectTimeout(CONNECT_SECONDS);
    source.setLoginTimeout(LOGIN_SECONDS);
    source.setSocketTimeout((int) limit.toSeconds());
    source.setTcpKeepAlive(true);
    source.setAssumeMinServerVersion("15"); // or the driver sets things in a transaction of its own
    source.setSslMode(sslMode());
    source.setProperty("gssEncMode", "disable");
    if (socketKey != null) {
      source.setSocketFactory(RouteSocketFactory.class.getName());
      source.setSocketFactoryArg(socketKey);
    }
    return source;
  }

  private String host() {
    if (!(route instanceof Route.Tcp tcp)) {
      return "localhost"; // a name for messages: the socket factory knows the way
    }
    return tcp.host().contains(":") ? "[" + tcp.host() + "]" : tcp.host();
  }

  /** TLS where a network lies between, as libpq does it; none on one machine. */
  String sslMode() {
    if (!(route instanceof Route.Tcp)) {
      return "disable";
    }
    return route.local() ? "allow" : "prefer";
  }

  @Override
  public void close() {
    if (socketKey != null) {
      RouteSocketFactory.forget(socketKey);
    }
  }
}
