package dev.drp.database;

import static java.util.Objects.requireNonNull;

import dev.drp.Progress;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * The files of an environment's server, for one execution that replaces all of them: it unpacks
 * others beside them, inside the same volume, has a server recover from those while the live one
 * goes on, then exchanges both by renames. What is not live is kept in a folder that later base
 * backups leave out.
 *
 * <p>Each method can be called again after a crash in its middle, and then ends in the same state;
 * {@link #state} tells where that was. Used by one thread. Every method may throw
 * ENGINE_UNAVAILABLE, ENGINE_FAILED or CONTAINER_NOT_FOUND.
 */
public interface DataDirectory extends AutoCloseable {
  /**
   * How the folder in the data directory is called that holds what is not live, before the owner:
   * pg_basebackup leaves out everything whose name begins with {@code pgsql_tmp}.
   */
  String FOLDER = "pgsql_tmp_drp_";

  /** What is there now. */
  Facts facts();

  /** How far the exchange has come. */
  State state();

  /** Whether it is missing, or holds nothing but what this owner has put there. */
  boolean isEmpty();

  /**
   * Unpacks files beside the live ones, and starts a server on them that nobody outside reaches,
   * recovers to the target and is promoted. What an earlier call left is removed first. Once this
   * has returned, the state is {@link State#RECOVERED}.
   *
   * <p>Errors are those of {@link DatabaseSandboxes#startFrom}; REFUSED when the exchange has
   * begun.
   *
   * @param progress hears of the replay, in bytes of log
   * @return ends with this; closing it ends the server and leaves its files
   */
  ThrowawayServer recover(ServerFiles files, RecoveryTarget target, Progress progress);

  /**
   * Recovers not beside the files that are there, but from them: rewrites what differs from others,
   * by content, then recovers as {@link #recover} does. From the beginning until the exchange, no
   * server starts from them; {@link #switchTo} puts them back. What an earlier call came to is gone
   * on with.
   *
   * <p>REFUSED when a server is at work on them; OUT_OF_SPACE when what differs does not fit.
   *
   * @param repaired hears what was different
   */
  ThrowawayServer repair(
      ServerFiles files,
      RecoveryTarget target,
      Progress progress,
      Consumer<ServerFiles.Repaired> repaired);

  /**
   * Gives up a {@link #repair}: ends the server, and puts the files back as they are by now. No
   * effect when they are back.
   */
  void putBack();

  /** The server on the recovered files, started again where it does not run. */
  ThrowawayServer recovered();

  /**
   * Ends the recovered server cleanly and gives its files the settings back that they came with,
   * but for those that would have it archive, follow or wait for others as the server did that was
   * backed up: these are emptied in {@code postgresql.auto.conf}. The state is {@link State#READY}
   * then. No effect on one that is ready.
   */
  void seal();

  /**
   * Puts configuration files where they were on the machine of the backup, outside of the data
   * directory: those that are missing, and no other.
   *
   * @param tar holds them, with absolute paths less the first slash
   * @return what became of each path
   */
  Map<Path, Configured> putConfiguration(InputStream tar);

  /**
   * Makes the recovered files the live ones: stops the live server, exchanges the files by renames,
   * and starts it. COMMAND_FAILED when that fails in the middle: then no server starts from either,
   * until this or {@link #switchBack} is called again.
   */
  void switchTo();

  /**
   * The other way round, also from the middle. REFUSED when nothing was replaced; no effect when
   * the files that were live at first are live.
   */
  void switchBack();

  /** Removes those files that are not live. REFUSED in the middle of an exchange. */
  void drop();

  /** Ends what was started to do all this, but not the live server. */
  @Override
  void close();

  /** What became of a configuration file. */
  enum Configured {
    /** It was missing, and is there now. */
    RESTORED,
    /** It is there as it was backed up. */
    SAME,
    /** It is there with another content, which was left alone. */
    DIFFERENT,
    /** It is not for us to write. */
    NOT_HERE
  }

  /** How far it has come. */
  enum State {
    /** There is nothing beside the live files, or nothing whole. */
    NOTHING,
    /** The files that were there have been taken, to be repaired. */
    TAKEN,
    /** A server has recovered beside them, and may run. */
    RECOVERED,
    /** The recovered files are complete and can be exchanged with the live ones. */
    READY,
    /** In the middle of an exchange: no server starts. */
    BETWEEN,
    /** The recovered files are live; what they replaced is beside them. */
    SWITCHED
  }

  /**
   * What a data directory is.
   *
   * @param place whose it is, for messages: {@code container shop-db-1}
   * @param volume the volume's name, or the host's path
   * @param running whether the live server runs
   * @param systemIdentifier of the live files; empty where there is no server
   * @param majorVersions of the programs there that could serve them: one, where there are files
   * @param freeBytes of its file system; empty where that cannot be asked
   */
  record Facts(
      String place,
      String volume,
      boolean running,
      Optional<String> systemIdentifier,
      List<Integer> majorVersions,
      OptionalLong freeBytes) {
    public Facts {
      requireNonNull(place, "place");
      requireNonNull(volume, "volume");
      requireNonNull(systemIdentifier, "systemIdentifier");
      majorVersions = List.copyOf(majorVersions);
      requireNonNull(freeBytes, "freeBytes");
    }
  }
}
