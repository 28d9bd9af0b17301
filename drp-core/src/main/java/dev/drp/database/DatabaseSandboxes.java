package dev.drp.database;

/** Starts throw-away database servers for drills. Safe for concurrent use. */
public interface DatabaseSandboxes {
  /**
   * Starts an empty server that nobody outside reaches and that reaches nobody. IMAGE_NOT_FOUND or
   * VERSION_MISMATCH when no fitting server can be had here; then nothing is left.
   */
  ThrowawayServer start(SandboxRequest request);

  /**
   * What is still there of sandboxes of that owner, after a crash; removes it and returns what
   * could not be removed.
   */
  java.util.List<String> removeLeftovers(String owner);
}
