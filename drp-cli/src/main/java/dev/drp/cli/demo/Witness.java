package dev.drp.cli.demo;

import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ExpectationResult;
import dev.drp.database.TableRows;
import dev.drp.plan.Expectation;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Notes a hash of every row in the very snapshot that a backup is taken from, just before the
 * backup lets go of it. So what comes back can be compared with what was committed then, although
 * writers went on.
 */
final class Witness {
  private volatile Optional<RowHashes> seen = Optional.empty();

  /** Connects to a server as it is, and watches the snapshots that are taken there. */
  DatabaseConnector watching(DatabaseServer server) {
    return environment -> new WatchedServer(server);
  }

  /** The rows of the last snapshot. */
  RowHashes rows() {
    return seen.orElseThrow(() -> new IllegalStateException("no snapshot was taken"));
  }

  private final class WatchedServer extends BorrowedServer {
    WatchedServer(DatabaseServer server) {
      super(server);
    }

    @Override
    public ConsistentSnapshot openSnapshot(String database) {
      return new WatchedSnapshot(super.openSnapshot(database));
    }
  }

  private final class WatchedSnapshot implements ConsistentSnapshot {
    private final ConsistentSnapshot snapshot;
    private List<TableRows> tables = List.of();

    WatchedSnapshot(ConsistentSnapshot snapshot) {
      this.snapshot = snapshot;
    }

    @Override
    public synchronized List<TableRows> countRows() {
      tables = snapshot.countRows();
      return tables;
    }

    @Override
    public synchronized void close() {
      seen = Optional.of(RowHashes.of(snapshot, tables));
      snapshot.close();
    }

    @Override
    public Instant takenAt() {
      return snapshot.takenAt();
    }

    @Override
    public ExpectationResult evaluate(Expectation expectation) {
      return snapshot.evaluate(expectation);
    }

    @Override
    public void rowHashes(String schema, String table, LongConsumer each) {
      snapshot.rowHashes(schema, table, each);
    }

    @Override
    public String dump(OutputStream output) {
      return snapshot.dump(output);
    }

    @Override
    public boolean dumpGlobals(OutputStream output) {
      return snapshot.dumpGlobals(output);
    }
  }
}
