package dev.drp.database;

import dev.drp.plan.Environment;

/** Finds the data directories of environments' servers. Safe for concurrent use. */
public interface DataDirectories {
  /**
   * The data directory of an environment's server, also where that server does not run or has lost
   * all its data. What an earlier attempt of the same owner left running is ended first.
   *
   * <p>CONTAINER_NOT_FOUND, listing those that exist, when its service has no container, not even a
   * stopped one; NOT_IN_PLAN when the environment has no database; REFUSED for a server that is not
   * in a container, or whose data is on no volume, or not all of it.
   *
   * @param owner the execution's id: of letters, digits and hyphens
   */
  DataDirectory open(Environment environment, String owner);
}
