package dev.drp.database;

import dev.drp.plan.Environment;
import java.nio.file.Path;
import java.util.Optional;

/** Finds the data directories of environments' servers. Safe for concurrent use. */
public interface DataDirectories {
  /**
   * The data directory of an environment's server, also where that server does not run or has lost
   * all its data. What an earlier attempt of the same owner left running is ended first.
   *
   * <p>CONTAINER_NOT_FOUND, listing those that exist, when its service has no container, not even a
   * stopped one; NOT_IN_PLAN when the environment has no database; REFUSED for a server in a
   * container whose data is on no volume, or not all of it, and for one that is neither in a
   * container nor on this machine, or of which is not known where it is and how it is stopped.
   *
   * @param owner the execution's id: of letters, digits and hyphens
   */
  DataDirectory open(Environment environment, String owner);

  /**
   * A folder of this machine that is to become a data directory of an environment's server, in
   * which no server runs and none is started. It need not be there yet.
   *
   * <p>REFUSED when it belongs to another account, or is inside of a data directory.
   *
   * @param owner the execution's id: of letters, digits and hyphens
   */
  DataDirectory openFolder(Environment environment, Path folder, String owner);

  /**
   * Where the live server of an environment has its files on this machine, as far as that is known
   * without asking it.
   */
  Optional<Path> liveDirectory(Environment environment);
}
