package dev.drp.cli.demo;

import static java.util.Objects.requireNonNull;

import dev.drp.database.BaseBackup;
import dev.drp.database.Canary;
import dev.drp.database.CanarySession;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.RestoreTarget;
import dev.drp.database.ServerFacts;
import dev.drp.database.WalSource;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A server that somebody else closes. */
class BorrowedServer implements DatabaseServer {
  private final DatabaseServer server;

  BorrowedServer(DatabaseServer server) {
    this.server = requireNonNull(server, "server");
  }

  @Override
  public ConsistentSnapshot openSnapshot(String database) {
    return server.openSnapshot(database);
  }

  @Override
  public BaseBackup openBaseBackup() {
    return server.openBaseBackup();
  }

  @Override
  public WalSource openWal(String application) {
    return server.openWal(application);
  }

  @Override
  public ServerFacts facts() {
    return server.facts();
  }

  @Override
  public List<DatabaseSummary> databases() {
    return server.databases();
  }

  @Override
  public DatabaseDescription describe(String database) {
    return server.describe(database);
  }

  @Override
  public List<String> dumpWhatCanBeRead(String database, OutputStream output) {
    return server.dumpWhatCanBeRead(database, output);
  }

  @Override
  public RestoreTarget restoreTarget() {
    return server.restoreTarget();
  }

  @Override
  public List<DatabaseDescription.Extension> availableExtensions() {
    return server.availableExtensions();
  }

  @Override
  public Optional<String> collationVersion(DatabaseProperties like) {
    return server.collationVersion(like);
  }

  @Override
  public Optional<List<String>> values(
      String database, String table, String column, String condition) {
    return server.values(database, table, column, condition);
  }

  @Override
  public CanarySession openCanary(String database) {
    return server.openCanary(database);
  }

  @Override
  public Optional<Canary> canary(String database) {
    return server.canary(database);
  }

  @Override
  public Optional<Instant> newestReplayedCommit() {
    return server.newestReplayedCommit();
  }

  @Override
  public OptionalLong freeBytes() {
    return server.freeBytes();
  }

  @Override
  public void close() {}
}
