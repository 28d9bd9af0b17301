package dev.drp.database;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseDescription.Extension;
import dev.drp.plan.Expectation;
import dev.drp.runtime.ImageIdentity;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A database server in memory: tables hold lines of text, a dump is those lines. Passes {@link
 * DatabaseServerContract}, so that what use cases are tested with behaves as PostgreSQL does.
 *
 * <p>Each operation of the ports can be made to fail once with {@link #failNext}; {@link #calls}
 * tells in which order they were called.
 */
public final class FakeDatabaseServer implements DatabaseServer {
  /** The properties of databases that {@link #createDatabase} makes. */
  public static final DatabaseProperties PROPERTIES =
      new DatabaseProperties(
          "owner",
          "UTF8",
          "C.UTF-8",
          "C.UTF-8",
          "libc",
          Optional.empty(),
          Optional.empty(),
          -1,
          Optional.empty(),
          List.of());

  private static final String DUMP_VERSION = "fake_dump 15.0";
  private static final int TABLE = 1;
  private static final int ROW = 2;
  private static final int END = 3;
  private static final Comparator<TableName> BY_NAME =
      Comparator.comparing(TableName::schema).thenComparing(TableName::table);

  private final Clock clock;
  private final Map<String, Database> databases = new TreeMap<>();
  private final Map<String, String> roles = new TreeMap<>();
  private final Map<String, RecoveryException> failures = new HashMap<>();
  private final List<String> calls = new ArrayList<>();
  private final Map<String, Function<Database, String>> statements = new HashMap<>();
  private final Set<TableName> damaged = new HashSet<>();
  private ServerFacts facts;
  private OptionalLong freeBytes = OptionalLong.empty();
  private List<Extension> availableExtensions = List.of(new Extension("plpgsql", "1.0"));
  private Optional<String> collationVersion = Optional.empty();
  private int dumpBytesBeforeFailure = Integer.MAX_VALUE;
  private byte[] baseBackup = new byte[0];
  private Optional<Instant> newestReplayedCommit = Optional.empty();
  private byte[] configuration = new byte[0];
  private List<String> configurationFiles = List.of();
  private int baseBackupBytesBeforeFailure = Integer.MAX_VALUE;
  private int openBaseBackups;
  private boolean restartable = true;
  private boolean relaxed;
  private int restarts;
  private boolean closed;

  public FakeDatabaseServer(Clock clock) {
    this.clock = clock;
    this.facts =
        new ServerFacts(
            150_018,
            "15.18",
            "7000000000000000001",
            false,
            clock.instant(),
            Duration.ZERO,
            Optional.empty(),
            "memory",
            List.of(),
            List.of());
    roles.put("owner", "LOGIN");
  }

  /** A table's name. */
  public record TableName(String schema, String table) {}

  /** One database. */
  public static final class Database {
    private final Map<TableName, List<String>> tables;
    private DatabaseProperties properties;
    private @Nullable String mark;
    private @Nullable String replaced;
    private boolean allowsConnections = true;
    private boolean analyzed;
    private Optional<Canary> canary = Optional.empty();
    private List<Extension> extensions = List.of();

    private Database(DatabaseProperties properties, Map<TableName, List<String>> tables) {
      this.properties = properties;
      this.tables = new TreeMap<>(BY_NAME);
      tables.forEach((name, rows) -> this.tables.put(name, new ArrayList<>(rows)));
    }

    private long size() {
      return tables.values().stream().flatMap(List::stream).mapToLong(String::length).sum();
    }

    /** Its tables' rows as they are now. */
    public Map<TableName, List<String>> tables() {
      return tables;
    }

    public boolean analyzed() {
      return analyzed;
    }
  }

  /** The only column of each table. */
  public static final String COLUMN = "value";

  @Override
  public synchronized Optional<List<String>> values(
      String name, String table, String column, String condition) {
    return existing(name).tables.entrySet().stream()
        .filter(
            it ->
                table.equals(it.getKey().schema() + "." + it.getKey().table())
                    || (it.getKey().schema().equals("public") && table.equals(it.getKey().table())))
        .filter(any -> column.equals(COLUMN))
        .map(it -> it.getValue().stream().distinct().sorted().toList())
        .findFirst();
  }

  // What a test prepares and asks.

  /** Creates an empty database. */
  public synchronized Database createDatabase(String name) {
    Database database = new Database(PROPERTIES, Map.of());
    databases.put(name, database);
    return database;
  }

  /** Adds rows to a table, which is created when it is not there. */
  public synchronized void insert(String database, String schema, String table, String... rows) {
    existing(database)
        .tables
        .computeIfAbsent(new TableName(schema, table), name -> new ArrayList<>())
        .addAll(List.of(rows));
  }

  /** The database of that name, whether it allows connections or not. */
  public synchronized Optional<Database> database(String name) {
    return Optional.ofNullable(databases.get(name));
  }

  /** Removes a database as an accident would. */
  public synchronized void destroy(String name) {
    databases.remove(name);
  }

  public synchronized void setProperties(String database, DatabaseProperties properties) {
    existing(database).properties = properties;
  }

  public synchronized void setExtensions(String database, List<Extension> extensions) {
    existing(database).extensions = List.copyOf(extensions);
  }

  public synchronized void setAvailableExtensions(List<Extension> extensions) {
    availableExtensions = List.copyOf(extensions);
  }

  public synchronized void setCollationVersion(String version) {
    collationVersion = Optional.of(version);
  }

  /** Roles with their attributes. */
  public synchronized Map<String, String> roles() {
    return roles;
  }

  /** What {@link #facts} answers from now on, but for the time. */
  public synchronized void setFacts(ServerFacts facts) {
    this.facts = facts;
  }

  public synchronized void setFreeBytes(long bytes) {
    freeBytes = OptionalLong.of(bytes);
  }

  /** Whether an administrator gave a way to restart this server. */
  public synchronized void setRestartable(boolean restartable) {
    this.restartable = restartable;
  }

  /** What a statement of an expectation gives; statements that are not known fail. */
  public synchronized void answer(String sql, Function<Database, String> answer) {
    statements.put(sql, answer);
  }

  /** Makes a table unreadable. */
  public synchronized void damage(String schema, String table) {
    damaged.add(new TableName(schema, table));
  }

  /**
   * Makes the next call of that method of a port fail, before it does anything.
   *
   * @param method such as {@code dump}, {@code load}, {@code switchDatabases}
   */
  public synchronized void failNext(String method, RecoveryException failure) {
    failures.put(method, failure);
  }

  /** Lets the next dump end badly after so many bytes. */
  public synchronized void killDumpAfter(int bytes) {
    dumpBytesBeforeFailure = bytes;
  }

  /** What base backups hold from now on, as a tar. */
  public synchronized void setBaseBackup(byte[] tar) {
    baseBackup = tar.clone();
  }

  /** The configuration outside the data directory, as a tar of those files. */
  public synchronized void setConfiguration(byte[] tar, List<String> files) {
    configuration = tar.clone();
    configurationFiles = List.copyOf(files);
  }

  /** Lets the next base backup end badly after so many bytes. */
  public synchronized void killBaseBackupAfter(int bytes) {
    baseBackupBytesBeforeFailure = bytes;
  }

  /** How many base backups are open: for each the server keeps its write-ahead log. */
  public synchronized int openBaseBackups() {
    return openBaseBackups;
  }

  /** The methods of the ports that were called, in order, without those that only ask. */
  public synchronized List<String> calls() {
    return List.copyOf(calls);
  }

  public synchronized boolean relaxed() {
    return relaxed;
  }

  public synchronized int restarts() {
    return restarts;
  }

  public synchronized boolean closed() {
    return closed;
  }

  // DatabaseServer

  @Override
  public synchronized ServerFacts facts() {
    fail("facts");
    return new ServerFacts(
        facts.versionNumber(),
        facts.version(),
        facts.systemIdentifier(),
        facts.inRecovery(),
        clock.instant(),
        facts.clockOffset(),
        facts.image(),
        facts.place(),
        facts.replicationSlots(),
        facts.preparedTransactions());
  }

  /** Makes the server one that runs an image. */
  public synchronized void setImage(ImageIdentity image) {
    facts =
        new ServerFacts(
            facts.versionNumber(),
            facts.version(),
            facts.systemIdentifier(),
            facts.inRecovery(),
            facts.serverTime(),
            facts.clockOffset(),
            Optional.of(image),
            facts.place(),
            facts.replicationSlots(),
            facts.preparedTransactions());
  }

  @Override
  public synchronized List<DatabaseSummary> databases() {
    fail("databases");
    return databases.entrySet().stream()
        .map(
            entry ->
                new DatabaseSummary(
                    entry.getKey(),
                    entry.getValue().size(),
                    entry.getValue().allowsConnections,
                    Optional.ofNullable(entry.getValue().mark)))
        .toList();
  }

  @Override
  public synchronized DatabaseDescription describe(String name) {
    fail("describe");
    Database database = existing(name);
    return new DatabaseDescription(
        name,
        database.size(),
        database.tables.size(),
        database.properties,
        database.extensions,
        List.of(),
        List.of(),
        Optional.empty());
  }

  @Override
  public synchronized ConsistentSnapshot openSnapshot(String name) {
    fail("openSnapshot");
    Database database = existing(name);
    return new Snapshot(clock.instant(), new Database(database.properties, database.tables));
  }

  @Override
  public synchronized Optional<Instant> newestReplayedCommit() {
    return newestReplayedCommit;
  }

  public synchronized void setNewestReplayedCommit(Instant instant) {
    newestReplayedCommit = Optional.of(instant);
  }

  @Override
  public synchronized CanarySession openCanary(String name) {
    act("openCanary");
    existing(name);
    return new CanarySession() {
      @Override
      public void write(Duration every, String writer) {
        synchronized (FakeDatabaseServer.this) {
          act("writeCanary");
          existing(name).canary = Optional.of(new Canary(clock.instant(), every, writer));
        }
      }

      @Override
      public void close() {
        synchronized (FakeDatabaseServer.this) {
          calls.add("closeCanary");
        }
      }
    };
  }

  @Override
  public synchronized Optional<Canary> canary(String name) {
    fail("canary");
    return existing(name).canary;
  }

  public synchronized void setCanary(String name, Canary canary) {
    existing(name).canary = Optional.of(canary);
  }

  @Override
  public synchronized BaseBackup openBaseBackup() {
    act("openBaseBackup");
    openBaseBackups++;
    return new Base();
  }

  @Override
  public WalSource openWal(String application) {
    throw new RecoveryException(
        ErrorCode.DATABASE_ACCESS_DENIED,
        "memory: it has no log that %s could stream".formatted(application),
        "use a real server.");
  }

  @Override
  public synchronized List<String> dumpWhatCanBeRead(String name, OutputStream output) {
    fail("dumpWhatCanBeRead");
    Database database = existing(name);
    Map<TableName, List<String>> readable = new TreeMap<>(BY_NAME);
    readable.putAll(database.tables);
    readable.keySet().removeAll(damaged);
    write(output, dumpOf(readable));
    return database.tables.keySet().stream()
        .filter(damaged::contains)
        .map(table -> "table %s.%s cannot be read".formatted(table.schema, table.table))
        .toList();
  }

  @Override
  public RestoreTarget restoreTarget() {
    return new Target();
  }

  @Override
  public synchronized List<Extension> availableExtensions() {
    return availableExtensions;
  }

  @Override
  public synchronized Optional<String> collationVersion(DatabaseProperties like) {
    return collationVersion;
  }

  @Override
  public synchronized OptionalLong freeBytes() {
    return freeBytes;
  }

  @Override
  public synchronized void close() {
    closed = true;
  }

  private void act(String method) {
    calls.add(method);
    fail(method);
  }

  private void fail(String method) {
    RecoveryException failure = failures.remove(method);
    if (failure != null) {
      throw failure;
    }
  }

  private Database existing(String name) {
    Database database = databases.get(name);
    if (database == null) {
      throw new RecoveryException(
          ErrorCode.DATABASE_NOT_FOUND,
          "memory has no database %s".formatted(name),
          "it has: %s.".formatted(databases.keySet()));
    }
    return database;
  }

  private static byte[] dumpOf(Map<TableName, List<String>> tables) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Entry<TableName, List<String>> table : tables.entrySet()) {
        out.writeByte(TABLE);
        out.writeUTF(table.getKey().schema);
        out.writeUTF(table.getKey().table);
        for (String row : table.getValue()) {
          out.writeByte(ROW);
          out.writeUTF(row);
        }
      }
      out.writeByte(END);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static Map<TableName, List<String>> tablesOf(InputStream dump, Progress.Task task) {
    Map<TableName, List<String>> tables = new TreeMap<>(BY_NAME);
    try {
      byte[] bytes = dump.readAllBytes();
      task.advance(bytes.length);
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
      List<String> rows = new ArrayList<>();
      for (int kind = in.readByte(); kind != END; kind = in.readByte()) {
        if (kind == TABLE) {
          rows = new ArrayList<>();
          tables.put(new TableName(in.readUTF(), in.readUTF()), rows);
        } else {
          rows.add(in.readUTF());
        }
      }
      return tables;
    } catch (EOFException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED, "the dump ends too early", "restore another backup.", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static void write(OutputStream output, byte[] bytes) {
    try {
      output.write(bytes);
      output.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Snapshot implements ConsistentSnapshot {
    private final Instant takenAt;
    private final Database content;

    private Snapshot(Instant takenAt, Database content) {
      this.takenAt = takenAt;
      this.content = content;
    }

    @Override
    public Instant takenAt() {
      return takenAt;
    }

    @Override
    public List<TableRows> countRows() {
      synchronized (FakeDatabaseServer.this) {
        fail("countRows");
        return content.tables.entrySet().stream()
            .map(
                table ->
                    new TableRows(
                        table.getKey().schema, table.getKey().table, table.getValue().size()))
            .toList();
      }
    }

    @Override
    public ExpectationResult evaluate(Expectation expectation) {
      synchronized (FakeDatabaseServer.this) {
        fail("evaluate");
        Function<Database, String> answer = statements.get(expectation.sql());
        String actual = answer == null ? "ERROR: unknown statement" : answer.apply(content);
        return new ExpectationResult(
            expectation.name(),
            expectation.expect().toString(),
            actual,
            answer != null && expectation.expect().isMetBy(actual),
            Duration.ofMillis(1),
            true);
      }
    }

    @Override
    public void rowHashes(String schema, String table, LongConsumer each) {
      synchronized (FakeDatabaseServer.this) {
        fail("rowHashes");
        content
            .tables
            .getOrDefault(new TableName(schema, table), List.of())
            .forEach(row -> each.accept(row.hashCode()));
      }
    }

    @Override
    public String dump(OutputStream output) {
      synchronized (FakeDatabaseServer.this) {
        act("dump");
        byte[] bytes = dumpOf(content.tables);
        boolean unreadable = content.tables.keySet().stream().anyMatch(damaged::contains);
        if (unreadable || dumpBytesBeforeFailure < bytes.length) {
          int written = Math.min(bytes.length / 2, dumpBytesBeforeFailure);
          dumpBytesBeforeFailure = Integer.MAX_VALUE;
          write(output, Arrays.copyOf(bytes, written));
          throw new RecoveryException(
              ErrorCode.COMMAND_FAILED, "memory: fake_dump ended with exit code 1", "mend it.");
        }
        write(output, bytes);
        return DUMP_VERSION;
      }
    }

    @Override
    public boolean dumpGlobals(OutputStream output) {
      synchronized (FakeDatabaseServer.this) {
        act("dumpGlobals");
        String lines =
            roles.entrySet().stream()
                .map(role -> encoded(role.getKey()) + "\t" + encoded(role.getValue()) + "\n")
                .collect(Collectors.joining());
        write(output, lines.getBytes(StandardCharsets.UTF_8));
        return true;
      }
    }

    @Override
    public void close() {}
  }

  private final class Base implements BaseBackup {
    private boolean closed;

    @Override
    public long dataBytes() {
      synchronized (FakeDatabaseServer.this) {
        return baseBackup.length;
      }
    }

    @Override
    public Copied copyFiles(OutputStream tar) {
      synchronized (FakeDatabaseServer.this) {
        act("copyFiles");
        int limit = baseBackupBytesBeforeFailure;
        baseBackupBytesBeforeFailure = Integer.MAX_VALUE;
        write(tar, Arrays.copyOf(baseBackup, Math.min(limit, baseBackup.length)));
        if (limit < baseBackup.length) {
          throw new RecoveryException(
              ErrorCode.COMMAND_FAILED, "memory: fake_copy ended with exit code 1", "mend it.");
        }
        return new Copied(clock.instant(), "fake_copy 15.0");
      }
    }

    @Override
    public List<String> copyConfiguration(OutputStream tar) {
      synchronized (FakeDatabaseServer.this) {
        act("copyConfiguration");
        write(tar, configuration);
        return configurationFiles;
      }
    }

    @Override
    public void close() {
      synchronized (FakeDatabaseServer.this) {
        if (!closed) {
          closed = true;
          openBaseBackups--;
        }
      }
    }
  }

  private final class Target implements RestoreTarget {
    @Override
    public RoleChanges compareRoles(InputStream globals) {
      synchronized (FakeDatabaseServer.this) {
        fail("compareRoles");
        Map<String, String> wanted = rolesIn(globals);
        return new RoleChanges(
            wanted.keySet().stream().filter(role -> !roles.containsKey(role)).toList(),
            wanted.entrySet().stream()
                .filter(role -> roles.containsKey(role.getKey()))
                .filter(role -> !role.getValue().equals(roles.get(role.getKey())))
                .map(role -> "role %s differs".formatted(role.getKey()))
                .toList(),
            List.of());
      }
    }

    @Override
    public RoleChanges createMissingRoles(InputStream globals) {
      synchronized (FakeDatabaseServer.this) {
        act("createMissingRoles");
        byte[] content = readAll(globals);
        RoleChanges changes = compareRoles(new ByteArrayInputStream(content));
        rolesIn(new ByteArrayInputStream(content)).forEach(roles::putIfAbsent);
        return changes;
      }
    }

    private Map<String, String> rolesIn(InputStream globals) {
      return new String(readAll(globals), StandardCharsets.UTF_8)
          .lines()
          .map(line -> line.split("\t", -1))
          .collect(
              Collectors.toMap(
                  parts -> decoded(parts[0]),
                  parts -> decoded(parts[1]),
                  (a, b) -> b,
                  TreeMap::new));
    }

    private byte[] readAll(InputStream in) {
      try {
        return in.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void create(String name, DatabaseProperties like, String mark) {
      synchronized (FakeDatabaseServer.this) {
        act("create");
        Database old = databases.get(name);
        if (old != null && !mark.equals(old.mark)) {
          throw refused("database %s exists already and is not ours".formatted(name));
        }
        Database database = new Database(like, Map.of());
        database.mark = mark;
        databases.put(name, database);
      }
    }

    @Override
    public long temporaryBytes(long dumpBytes) {
      return dumpBytes;
    }

    @Override
    public void load(String name, InputStream dump, int jobs, Progress.Task task) {
      synchronized (FakeDatabaseServer.this) {
        act("load");
        existing(name).tables.putAll(tablesOf(dump, task));
      }
    }

    @Override
    public void analyze(String name) {
      synchronized (FakeDatabaseServer.this) {
        act("analyze");
        existing(name).analyzed = true;
      }
    }

    @Override
    public void applyProperties(String name, DatabaseProperties properties) {
      synchronized (FakeDatabaseServer.this) {
        act("applyProperties");
        if (!roles.containsKey(properties.owner())) {
          throw new RecoveryException(
              ErrorCode.DATABASE_FAILED,
              "role %s does not exist".formatted(properties.owner()),
              "create it.");
        }
        existing(name).properties = properties;
      }
    }

    @Override
    public void switchDatabases(
        String live, String replacement, String aside, String mark, Duration limit) {
      synchronized (FakeDatabaseServer.this) {
        act("switchDatabases");
        if (switchState(live, replacement, aside) == SwitchState.SWITCHED) {
          existing(live).allowsConnections = true;
          return;
        }
        existing(replacement);
        if (databases.containsKey(aside)) {
          throw refused("database %s exists already".formatted(aside));
        }
        Database old = databases.remove(live);
        if (old != null) {
          old.allowsConnections = false;
          old.mark = mark;
          databases.put(aside, old);
        }
        Database fresh = Objects.requireNonNull(databases.remove(replacement));
        fresh.mark = null;
        fresh.replaced = aside;
        fresh.allowsConnections = true;
        databases.put(live, fresh);
      }
    }

    @Override
    public SwitchState switchState(String live, String replacement, String aside) {
      synchronized (FakeDatabaseServer.this) {
        fail("switchState");
        if (databases.containsKey(replacement)) {
          return databases.containsKey(aside) ? SwitchState.UNKNOWN : SwitchState.NOT_SWITCHED;
        }
        Database current = databases.get(live);
        return current != null && aside.equals(current.replaced)
            ? SwitchState.SWITCHED
            : SwitchState.UNKNOWN;
      }
    }

    @Override
    public void drop(String name, String mark) {
      synchronized (FakeDatabaseServer.this) {
        act("drop");
        Database database = databases.get(name);
        if (database == null) {
          return;
        }
        if (!mark.equals(database.mark)) {
          throw refused("database %s does not carry the mark %s".formatted(name, mark));
        }
        databases.remove(name);
      }
    }

    private RecoveryException refused(String problem) {
      return new RecoveryException(ErrorCode.REFUSED, problem, "look at it yourself.");
    }

    @Override
    public boolean mayRelaxDurability(List<String> ours) {
      synchronized (FakeDatabaseServer.this) {
        return restartable
            && databases.entrySet().stream()
                .filter(entry -> !ours.contains(entry.getKey()))
                .allMatch(entry -> entry.getValue().tables.isEmpty());
      }
    }

    @Override
    public void relaxDurability() {
      synchronized (FakeDatabaseServer.this) {
        act("relaxDurability");
        relaxed = true;
      }
    }

    @Override
    public void restoreDurability() {
      synchronized (FakeDatabaseServer.this) {
        act("restoreDurability");
        if (relaxed) {
          relaxed = false;
          restarts++;
        }
      }
    }
  }
}
