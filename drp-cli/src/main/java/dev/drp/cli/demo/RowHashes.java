package dev.drp.cli.demo;

import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.TableRows;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A hash of each row of each table of a database at one instant: what to compare recovered rows
 * with.
 */
record RowHashes(Map<String, long[]> byTable) {
  /** Reads every row that the snapshot shows. */
  static RowHashes of(ConsistentSnapshot snapshot, List<TableRows> tables) {
    Map<String, long[]> byTable = new LinkedHashMap<>();
    for (TableRows table : tables) {
      Collector hashes = new Collector(Math.toIntExact(table.rows()));
      snapshot.rowHashes(table.schema(), table.table(), hashes::add);
      byTable.put(table.schema() + "." + table.table(), hashes.sorted());
    }
    return new RowHashes(byTable);
  }

  long rows() {
    return byTable.values().stream().mapToLong(hashes -> hashes.length).sum();
  }

  /**
   * How many rows of this the other does not have; a row that stands here twice must stand there
   * twice.
   */
  long missingFrom(RowHashes other) {
    long missing = 0;
    for (Map.Entry<String, long[]> table : byTable.entrySet()) {
      missing += missing(table.getValue(), other.byTable.getOrDefault(table.getKey(), new long[0]));
    }
    return missing;
  }

  private static long missing(long[] expected, long[] actual) {
    long missing = 0;
    int next = 0;
    for (long hash : expected) {
      while (next < actual.length && actual[next] < hash) {
        next++;
      }
      if (next < actual.length && actual[next] == hash) {
        next++;
      } else {
        missing++;
      }
    }
    return missing;
  }

  private static final class Collector {
    private long[] hashes;
    private int size;

    Collector(int expected) {
      hashes = new long[Math.max(expected, 16)];
    }

    void add(long hash) {
      if (size == hashes.length) {
        hashes = Arrays.copyOf(hashes, size * 2);
      }
      hashes[size++] = hash;
    }

    long[] sorted() {
      long[] sorted = Arrays.copyOf(hashes, size);
      Arrays.sort(sorted);
      return sorted;
    }
  }
}
