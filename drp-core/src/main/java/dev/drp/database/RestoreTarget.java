package dev.drp.database;

import dev.drp.Progress;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;

/**
 * A database server as the target of a restore: builds a new database beside the live one, then
 * puts it in its place.
 *
 * <p>Each method can be called again after a crash in its middle and then ends in the same state.
 * Databases that this tool makes or sets aside carry a mark (see {@link DatabaseSummary#mark()});
 * {@link #drop} touches no other.
 */
public interface RestoreTarget {
  /**
   * What in the way of roles a backup's globals would create here and how existing roles differ.
   * Changes nothing.
   */
  RoleChanges compareRoles(InputStream globals);

  /**
   * Creates the roles that are missing here, with their memberships and settings. Roles that exist
   * stay exactly as they are, passwords included; differences are reported.
   */
  RoleChanges createMissingRoles(InputStream globals);

  /**
   * Creates an empty database like the given one in encoding and collation, closed to everybody but
   * superusers and the owner, and marks it. A database of that name with the same mark is dropped
   * first: it is what an interrupted restore left. Any other of that name: REFUSED.
   */
  void create(String database, DatabaseProperties like, String mark);

  /**
   * How much space the restore of a dump needs beside the database itself, until it is done.
   *
   * @param dumpBytes size of the uncompressed dump
   */
  long temporaryBytes(long dumpBytes);

  /**
   * Loads a dump into an empty database, with several jobs at once. Any statement that fails fails
   * the whole: DATABASE_FAILED, or COMMAND_FAILED where a program ran it or the dump is damaged.
   * OUT_OF_SPACE when server or temporary space are full. Temporary files are removed in any case.
   *
   * @param dump the uncompressed dump; read to its end and left open
   * @param task hears of bytes read
   */
  void load(String database, InputStream dump, int jobs, Progress.Task task);

  /** Gathers the statistics that the server needs to plan queries. */
  void analyze(String database);

  /** Sets owner, privileges, connection limit and settings; the owner must exist. */
  void applyProperties(String database, DatabaseProperties properties);

  /**
   * Puts {@code replacement} in the place of {@code live}: refuses connections to both, ends those
   * that exist, renames both in one transaction, then opens the new {@code live}. The replaced
   * database is called {@code aside} afterwards and refuses connections. Where there is no {@code
   * live}, only the replacement is renamed. When it fails before the renames, {@code live} serves
   * again as before.
   *
   * @param mark put on what is set aside
   */
  void switchDatabases(String live, String replacement, String aside, String mark, Duration limit);

  /** How far a {@link #switchDatabases} came that may have been interrupted. */
  SwitchState switchState(String live, String replacement, String aside);

  /**
   * Removes a database that carries exactly this mark. Absent: no effect. Without or with another
   * mark: REFUSED.
   */
  void drop(String database, String mark);

  /**
   * Whether the server holds nothing but empty databases, and so may run with relaxed durability
   * until the restore is complete, and can be restarted by us afterwards. The given databases,
   * ours, do not count.
   */
  boolean mayRelaxDurability(List<String> ours);

  /**
   * Lets the server answer before data is safe on disk, for speed. Only where {@link
   * #mayRelaxDurability}.
   */
  void relaxDurability();

  /**
   * Writes everything to disk, gives the server its normal settings back, restarts it and checks
   * that they hold. No effect on a server that was not relaxed.
   */
  void restoreDurability();

  /** How far a switch came. */
  enum SwitchState {
    /** Live and replacement are where they were before; live may refuse connections still. */
    NOT_SWITCHED,
    /** The renames are done; the new live database may refuse connections still. */
    SWITCHED,
    /** Neither: somebody else has renamed or dropped something. */
    UNKNOWN
  }
}
