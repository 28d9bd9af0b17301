package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.ExpectationResult;
import dev.drp.database.TableRows;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * What a manifest says of the content of a backup: names of tables, rows, settings of the database,
 * which may hold passwords. Of an encrypted backup it is a part of its own, encrypted as well.
 */
record BackupFacts(
    DatabaseDescription database, List<TableRows> rows, List<ExpectationResult> expectations) {
  BackupFacts {
    requireNonNull(database, "database");
    rows = List.copyOf(rows);
    expectations = List.copyOf(expectations);
  }

  /** What is left for everybody: the name of the database, its size, and how many tables it has. */
  BackupFacts sealed() {
    return new BackupFacts(
        new DatabaseDescription(
            database.name(),
            database.sizeBytes(),
            database.userTables(),
            new DatabaseProperties(
                "",
                database.properties().encoding(),
                database.properties().collate(),
                database.properties().ctype(),
                database.properties().localeProvider(),
                database.properties().icuLocale(),
                database.properties().collationVersion(),
                database.properties().connectionLimit(),
                Optional.empty(),
                List.of()),
            List.of(),
            List.of(),
            List.of(),
            Optional.empty()),
        List.of(),
        List.of());
  }

  byte[] toJson() {
    try {
      return Json.PRETTY.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write what is in a backup", e);
    }
  }

  /**
   * @throws IOException when it is something else
   */
  static BackupFacts read(InputStream input) throws IOException {
    return Json.MAPPER.readValue(input.readAllBytes(), BackupFacts.class);
  }
}
