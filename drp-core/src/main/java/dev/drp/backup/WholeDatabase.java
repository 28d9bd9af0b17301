package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ExpectationResult;
import dev.drp.database.ServerFacts;
import dev.drp.database.TableRows;
import dev.drp.plan.DatabaseSettings;
import java.util.List;
import java.util.Optional;

/** Writes a database into a set, with what proves it, all from one snapshot. */
final class WholeDatabase implements DatabaseSource {
  private final DatabaseServer server;
  private final DatabaseSettings settings;
  private final Coding coding;
  private final Progress progress;

  WholeDatabase(
      DatabaseServer server, DatabaseSettings settings, Coding coding, Progress progress) {
    this.server = server;
    this.settings = settings;
    this.coding = coding;
    this.progress = progress;
  }

  @Override
  public ServerFacts facts() {
    return server.facts();
  }

  @Override
  public DatabaseContent writeInto(UnfinishedSet set, ServerFacts facts) {
    DatabaseDescription database = server.describe(settings.name());
    try (ConsistentSnapshot snapshot = server.openSnapshot(settings.name());
        SideBySide<Proof> proof = new SideBySide<>("counting rows", () -> prove(snapshot))) {
      String dumpVersion = writeDump(set, snapshot, database.sizeBytes());
      boolean rolePasswords = writeGlobals(set, snapshot, coding);
      Proof proven = proof.await();
      return new DatabaseContent(
          snapshot.takenAt(),
          facts,
          database,
          proven.rows(),
          proven.expectations(),
          rolePasswords,
          List.of(dumpVersion),
          List.of(),
          Optional.empty());
    }
  }

  static boolean writeGlobals(UnfinishedSet set, ConsistentSnapshot snapshot, Coding coding) {
    boolean[] passwords = {false};
    set.writeCoded(
        SetLayout.GLOBALS,
        coding,
        bytes -> {},
        output -> passwords[0] = snapshot.dumpGlobals(output));
    return passwords[0];
  }

  private String writeDump(UnfinishedSet set, ConsistentSnapshot snapshot, long expectedBytes) {
    String[] version = {""};
    try (Progress.Task task = progress.start("dump of " + settings.name(), expectedBytes)) {
      set.writeCoded(SetLayout.DUMP, coding, task, output -> version[0] = snapshot.dump(output));
    }
    return version[0];
  }

  private Proof prove(ConsistentSnapshot snapshot) {
    List<TableRows> rows = snapshot.countRows();
    return new Proof(rows, settings.expectations().stream().map(snapshot::evaluate).toList());
  }

  private record Proof(List<TableRows> rows, List<ExpectationResult> expectations) {}
}
