package dev.drp.database;

import java.util.List;

/** A database server that ends, with all its data, when this is closed. */
public interface ThrowawayServer extends AutoCloseable {
  DatabaseServer server();

  /**
   * What runs it, for the report: {@code image postgres:15 (sha256:…)}, {@code local PostgreSQL
   * 15.18}.
   */
  String description();

  /**
   * Whether it runs exactly the image that was asked for; false for another image or local
   * programs.
   */
  boolean sameImage();

  /**
   * Opens a session of the superuser. Only throw-away servers have this: on any other, this tool
   * runs no statements of others than the plan's expectations.
   */
  SqlSession openSession(String database);

  /**
   * Kills the server (SIGKILL: nobody is asked), removes it and its data, and looks whether they
   * are gone. Returns what is still there; an empty list is the proof that nothing is left. A
   * second call has no effect and returns the same.
   */
  List<String> remove();

  @Override
  default void close() {
    remove();
  }
}
