package dev.drp.database;

import dev.drp.plan.Environment;

/** Finds the database server of an environment, wherever it runs. Safe for concurrent use. */
public interface DatabaseConnector {
  /**
   * Connects to the server of an environment and checks that it answers. The caller closes it.
   *
   * <p>CONTAINER_NOT_FOUND, listing those that exist, when its service has no running container;
   * DATABASE_UNAVAILABLE when the server does not answer in time; DATABASE_ACCESS_DENIED when it
   * refuses user or password; NOT_IN_PLAN when the environment has no database; VERSION_MISMATCH
   * for a server of a major version that is not supported. That the environment's database itself
   * is absent is no error here.
   */
  DatabaseServer connect(Environment environment);
}
