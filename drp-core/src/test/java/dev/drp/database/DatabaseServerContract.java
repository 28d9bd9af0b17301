package dev.drp.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.RestoreTarget.SwitchState;
import dev.drp.plan.Expectation;
import dev.drp.plan.ExpectedResult;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowingConsumer;
import org.junit.jupiter.api.Test;

/**
 * What every {@link DatabaseServer} does. Each test uses databases of its own names, so that
 * implementations may share one server between tests.
 */
public abstract class DatabaseServerContract {
  /** Names that hurt those who put them into SQL, a shell, a path or a connection string. */
  private static final String HOSTILE = "../a 'b' \"c\" $(touch d) \\e\nf;--";

  private static final Duration LIMIT = Duration.ofSeconds(20);

  protected abstract DatabaseServer server();

  /** Creates an empty database. */
  protected abstract void createDatabase(String database);

  /** Creates a table with one text column and these rows. */
  protected abstract void createTable(
      String database, String schema, String table, List<String> rows);

  /** The name of that column. */
  protected abstract String column();

  /** The rows of such a table, in no particular order. */
  protected abstract List<String> rows(String database, String schema, String table);

  /** A statement that counts the rows of such a table. */
  protected abstract String countStatement(String schema, String table);

  protected abstract void createRole(String role);

  protected abstract void dropRole(String role);

  protected abstract boolean roleExists(String role);

  @Test
  void tellsWhoItIs() {
    ServerFacts facts = server().facts();

    assertThat(facts.majorVersion()).isBetween(15, 17);
    assertThat(facts.systemIdentifier()).isNotBlank();
    assertThat(facts.inRecovery()).isFalse();
  }

  @Test
  void describesADatabase() {
    createDatabase("described");
    createTable("described", "public", "one", List.of("x"));

    DatabaseDescription description = server().describe("described");

    assertThat(description.userTables()).isEqualTo(1);
    assertThat(description.properties().encoding()).isEqualTo("UTF8");
    assertThat(server().databases()).extracting(DatabaseSummary::name).contains("described");
  }

  @Test
  void namesTheDatabasesThatExistWhenOneDoesNot() {
    createDatabase("existing");

    assertThatThrownBy(() -> server().describe("absent"))
        .satisfies(isError(ErrorCode.DATABASE_NOT_FOUND))
        .hasMessageContaining("absent")
        .hasMessageContaining("existing");
    assertThatThrownBy(() -> server().openSnapshot("absent"))
        .satisfies(isError(ErrorCode.DATABASE_NOT_FOUND));
  }

  @Test
  void givesTheValuesOfAColumnWhateverTheNames() {
    createDatabase("values");
    createTable("values", HOSTILE, HOSTILE, List.of("b", "a'\\", "b"));
    createTable("values", "public", "Plain", List.of("x"));
    createTable("values", "other", "Plain", List.of("y"));

    assertThat(values(HOSTILE + "." + HOSTILE, column())).contains(List.of("a'\\", "b"));
    assertThat(values("Plain", column())).contains(List.of("x"));
    assertThat(values("other.Plain", column())).contains(List.of("y"));
    assertThat(values("plain", column())).isEmpty();
    assertThat(values(HOSTILE, column())).isEmpty();
    assertThat(values("Plain", HOSTILE)).isEmpty();
    assertThatThrownBy(() -> server().values("absent", "Plain", column(), ""))
        .satisfies(isError(ErrorCode.DATABASE_NOT_FOUND));
  }

  private Optional<List<String>> values(String table, String column) {
    return server().values("values", table, column, "");
  }

  @Test
  void aSnapshotShowsOneInstant() {
    createDatabase("instant");
    createTable("instant", "public", "before", List.of("1", "2"));

    try (ConsistentSnapshot snapshot = server().openSnapshot("instant")) {
      createTable("instant", "public", "later", List.of("3"));

      assertThat(snapshot.countRows()).containsExactly(new TableRows("public", "before", 2));
      byte[] dump = dump(snapshot);
      load("instant-copy", dump);
    }
    assertThat(counts("instant-copy")).containsExactly(new TableRows("public", "before", 2));
  }

  @Test
  void restoresWhatItDumpedWhateverTheNames() {
    createDatabase(HOSTILE);
    createTable(HOSTILE, HOSTILE, HOSTILE, List.of("a", "b\tc", "d\\.\n", "\\N", ""));
    createTable(HOSTILE, "public", "empty", List.of());

    byte[] dump;
    try (ConsistentSnapshot snapshot = server().openSnapshot(HOSTILE)) {
      dump = dump(snapshot);
    }
    load(HOSTILE + "2", dump);

    assertThat(rows(HOSTILE + "2", HOSTILE, HOSTILE))
        .containsExactlyInAnyOrder("a", "b\tc", "d\\.\n", "\\N", "");
    assertThat(counts(HOSTILE + "2"))
        .containsExactly(new TableRows(HOSTILE, HOSTILE, 5), new TableRows("public", "empty", 0));
  }

  @Test
  void evaluatesExpectations() {
    createDatabase("expecting");
    createTable("expecting", "public", "one", List.of("x", "y"));

    try (ConsistentSnapshot snapshot = server().openSnapshot("expecting")) {
      ExpectationResult met = snapshot.evaluate(expectation("= 2"));
      ExpectationResult missed = snapshot.evaluate(expectation("> 2"));
      ExpectationResult broken =
          snapshot.evaluate(
              new Expectation(
                  "broken", "no statement", ExpectedResult.parse("1"), Optional.empty()));

      assertThat(met.met()).isTrue();
      assertThat(met.actual()).isEqualTo("2");
      assertThat(missed.met()).isFalse();
      assertThat(broken.met()).isFalse();
    }
  }

  private Expectation expectation(String expected) {
    return new Expectation(
        "rows",
        countStatement("public", "one"),
        ExpectedResult.parse(expected),
        Optional.of(Duration.ofSeconds(10)));
  }

  @Test
  void hashesRowsByContent() {
    createDatabase("hashed");
    createTable("hashed", "public", "one", List.of("a", "b", "b"));
    createTable("hashed", "other", "two", List.of("b", "a", "b"));
    createTable("hashed", "public", "three", List.of("a", "b", "c"));

    assertThat(hashes("hashed", "public", "one")).hasSize(3);
    assertThat(hashes("hashed", "public", "one")).isEqualTo(hashes("hashed", "other", "two"));
    assertThat(hashes("hashed", "public", "one")).isNotEqualTo(hashes("hashed", "public", "three"));
  }

  private List<Long> hashes(String database, String schema, String table) {
    List<Long> hashes = new ArrayList<>();
    try (ConsistentSnapshot snapshot = server().openSnapshot(database)) {
      snapshot.rowHashes(schema, table, hashes::add);
    }
    hashes.sort(null);
    return hashes;
  }

  @Test
  void refusesADumpThatEndsTooEarly() {
    createDatabase("cut");
    createTable("cut", "public", "one", List.of("x", "y"));
    byte[] dump;
    try (ConsistentSnapshot snapshot = server().openSnapshot("cut")) {
      dump = dump(snapshot);
    }

    assertThatThrownBy(() -> load("cut-copy", Arrays.copyOf(dump, dump.length - 1)))
        .satisfies(isError(ErrorCode.COMMAND_FAILED));
  }

  @Test
  void dumpsWhatCanBeReadOfAHealthyDatabaseWholly() {
    createDatabase("healthy");
    createTable("healthy", "public", "one", List.of("x"));
    ByteArrayOutputStream dump = new ByteArrayOutputStream();

    assertThat(server().dumpWhatCanBeRead("healthy", dump)).isEmpty();

    load("healthy-copy", dump.toByteArray());
    assertThat(rows("healthy-copy", "public", "one")).containsExactly("x");
  }

  @Test
  void createsOnlyTheRolesThatAreMissing() {
    createDatabase("roles");
    createRole("there");
    createRole(HOSTILE);
    byte[] globals = globals("roles");
    dropRole(HOSTILE);

    RoleChanges before = target().compareRoles(new ByteArrayInputStream(globals));
    assertThat(before.missing()).contains(HOSTILE).doesNotContain("there");
    assertThat(roleExists(HOSTILE)).isFalse();

    RoleChanges changes = target().createMissingRoles(new ByteArrayInputStream(globals));
    assertThat(changes.missing()).contains(HOSTILE).doesNotContain("there");
    assertThat(roleExists(HOSTILE)).isTrue();
    assertThat(target().createMissingRoles(new ByteArrayInputStream(globals)).missing())
        .doesNotContain(HOSTILE);
    dropRole(HOSTILE);
  }

  private byte[] globals(String database) {
    ByteArrayOutputStream globals = new ByteArrayOutputStream();
    try (ConsistentSnapshot snapshot = server().openSnapshot(database)) {
      snapshot.dumpGlobals(globals);
    }
    return globals.toByteArray();
  }

  @Test
  void replacesItsOwnUnfinishedDatabaseButNoOther() {
    createDatabase("like");
    DatabaseProperties like = server().describe("like").properties();
    createDatabase("somebodys");
    target().create("ours", like, "execution-1");
    createTable("ours", "public", "half", List.of("x"));

    target().create("ours", like, "execution-1");

    assertThat(counts("ours")).isEmpty();
    assertThat(mark("ours")).contains("execution-1");
    assertThat(mark("somebodys")).isEmpty();
    assertThatThrownBy(() -> target().create("ours", like, "execution-2"))
        .satisfies(isError(ErrorCode.REFUSED));
    assertThatThrownBy(() -> target().create("somebodys", like, "execution-1"))
        .satisfies(isError(ErrorCode.REFUSED));
  }

  @Test
  void dropsOnlyWhatCarriesTheMark() {
    createDatabase("unmarked");
    target().create("marked", server().describe("unmarked").properties(), "m");

    assertThatThrownBy(() -> target().drop("unmarked", "m")).satisfies(isError(ErrorCode.REFUSED));
    assertThatThrownBy(() -> target().drop("marked", "other"))
        .satisfies(isError(ErrorCode.REFUSED));
    target().drop("marked", "m");
    target().drop("marked", "m");

    assertThat(server().databases())
        .extracting(DatabaseSummary::name)
        .contains("unmarked")
        .doesNotContain("marked");
  }

  @Test
  void switchesThereAndBack() {
    createDatabase("live");
    createTable("live", "public", "old", List.of());
    target().create("fresh", server().describe("live").properties(), "m");
    createTable("fresh", "public", "new", List.of());
    assertThat(target().switchState("live", "fresh", "aside")).isEqualTo(SwitchState.NOT_SWITCHED);

    target().switchDatabases("live", "fresh", "aside", "m", LIMIT);

    assertThat(target().switchState("live", "fresh", "aside")).isEqualTo(SwitchState.SWITCHED);
    assertThat(counts("live")).extracting(TableRows::table).containsExactly("new");
    assertThat(mark("live")).isEmpty();
    assertThat(mark("aside")).contains("m");
    assertThat(summary("aside").allowsConnections()).isFalse();
    assertThat(summary("live").allowsConnections()).isTrue();

    target().switchDatabases("live", "fresh", "aside", "m", LIMIT); // again: no effect
    assertThat(counts("live")).extracting(TableRows::table).containsExactly("new");

    target().switchDatabases("live", "aside", "undone", "m", LIMIT);
    assertThat(counts("live")).extracting(TableRows::table).containsExactly("old");
    assertThat(mark("live")).isEmpty();
    target().drop("undone", "m");
  }

  @Test
  void putsADatabaseInTheEmptyPlaceOfALostOne() {
    createDatabase("pattern");
    target().create("rescue", server().describe("pattern").properties(), "m");

    target().switchDatabases("lost", "rescue", "lost-aside", "m", LIMIT);

    assertThat(summary("lost").allowsConnections()).isTrue();
    assertThat(mark("lost")).isEmpty();
    assertThat(server().databases())
        .extracting(DatabaseSummary::name)
        .doesNotContain("rescue", "lost-aside");
  }

  @Test
  void leavesTheLiveDatabaseServingWhenTheSwitchCannotBeMade() {
    createDatabase("serving");
    createDatabase("in-the-way");
    target().create("next", server().describe("serving").properties(), "m");

    assertThatThrownBy(() -> target().switchDatabases("serving", "next", "in-the-way", "m", LIMIT))
        .isInstanceOf(RecoveryException.class);
    assertThatThrownBy(() -> target().switchDatabases("serving", "absent", "x", "m", LIMIT))
        .isInstanceOf(RecoveryException.class);

    assertThat(summary("serving").allowsConnections()).isTrue();
    assertThat(counts("serving")).isEmpty();
  }

  @Test
  void analyzesAndGivesProperties() {
    createDatabase("analyzed");
    DatabaseProperties like = server().describe("analyzed").properties();
    target().create("given", like, "m");
    createTable("given", "public", "one", List.of("x"));

    target().analyze("given");
    target().applyProperties("given", like);
    target().applyProperties("given", like);

    assertThat(server().describe("given").properties()).isEqualTo(like);
  }

  private RestoreTarget target() {
    return server().restoreTarget();
  }

  private DatabaseSummary summary(String database) {
    return server().databases().stream()
        .filter(summary -> summary.name().equals(database))
        .findFirst()
        .orElseThrow();
  }

  private Optional<String> mark(String database) {
    return summary(database).mark();
  }

  private List<TableRows> counts(String database) {
    try (ConsistentSnapshot snapshot = server().openSnapshot(database)) {
      return snapshot.countRows();
    }
  }

  private static byte[] dump(ConsistentSnapshot snapshot) {
    ByteArrayOutputStream dump = new ByteArrayOutputStream();
    assertThat(snapshot.dump(dump)).isNotBlank();
    return dump.toByteArray();
  }

  private void load(String database, byte[] dump) {
    createDatabase("load-pattern");
    target().create(database, server().describe("load-pattern").properties(), "load");
    AtomicLong seen = new AtomicLong();
    target().load(database, new ByteArrayInputStream(dump), 2, seen::addAndGet);
    assertThat(seen).hasValue(dump.length);
  }

  /** Checks the code of a {@link RecoveryException}. */
  protected static ThrowingConsumer<Throwable> isError(ErrorCode code) {
    return thrown -> {
      assertThat(thrown).isInstanceOf(RecoveryException.class);
      assertThat(((RecoveryException) thrown).code()).isEqualTo(code);
    };
  }
}
