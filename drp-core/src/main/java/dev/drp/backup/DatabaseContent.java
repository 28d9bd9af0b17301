package dev.drp.backup;

import dev.drp.database.DatabaseDescription;
import dev.drp.database.ExpectationResult;
import dev.drp.database.ServerFacts;
import dev.drp.database.TableRows;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What a manifest says of the database that went into a set. */
record DatabaseContent(
    Instant recoveryPoint,
    ServerFacts server,
    DatabaseDescription database,
    List<TableRows> rows,
    List<ExpectationResult> expectations,
    boolean rolePasswords,
    List<String> toolVersions,
    List<String> unreadable,
    Optional<BaseContent> base) {
  BackupFacts facts() {
    return new BackupFacts(database, rows, expectations);
  }
}
