package dev.drp.database;

import dev.drp.plan.Expectation;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * One instant of a database. What is counted, evaluated and dumped through it is the same data. The
 * methods may be called by several threads at once: a dump and a count run side by side.
 */
public interface ConsistentSnapshot extends AutoCloseable {
  /** The instant by the server's clock: the recovery point of a logical backup. */
  Instant takenAt();

  /** The rows of every table of users, in order of schema and name. */
  List<TableRows> countRows();

  /**
   * Evaluates a statement of the plan within its time limit. A statement that fails is a result,
   * not an error.
   */
  ExpectationResult evaluate(Expectation expectation);

  /**
   * Hands over a 64-bit hash of each row of a table, in no particular order: tables with equal
   * content give the same hashes, each as often. For proofs that rows and not only their number
   * came back.
   */
  void rowHashes(String schema, String table, LongConsumer each);

  /**
   * Dumps the whole database, uncompressed, in PostgreSQL's custom format. VERSION_MISMATCH before
   * it starts when the dump program is older than the server; COMMAND_FAILED when the program ends
   * badly, and then what was written is no dump.
   *
   * @param output where the dump goes; left open
   * @return version of the dump program, as it says it
   */
  String dump(OutputStream output);

  /**
   * Dumps roles, their memberships and settings, and tablespaces, as SQL. Passwords' hashes are in
   * it where the user may read them.
   *
   * @param output where the SQL goes; left open
   * @return true when passwords' hashes are in it
   */
  boolean dumpGlobals(OutputStream output);

  @Override
  void close();
}
