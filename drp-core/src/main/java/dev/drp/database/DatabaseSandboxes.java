package dev.drp.database;

import dev.drp.Progress;

/** Starts throw-away database servers for drills. Safe for concurrent use. */
public interface DatabaseSandboxes {
  /**
   * Starts an empty server that nobody outside reaches and that reaches nobody. IMAGE_NOT_FOUND or
   * VERSION_MISMATCH when no fitting server can be had here; then nothing is left.
   */
  ThrowawayServer start(SandboxRequest request);

  /**
   * Starts a server from files, lets it recover to the target and promotes it: it can be written
   * then. It archives nothing, follows nobody, runs with settings of ours in place of those in the
   * files, and lets the request's superuser in, who must be a role of that server.
   *
   * <p>COMMAND_FAILED, with the end of the server's log, when the server ends before the target: as
   * the log does not reach so far, or is damaged. OUT_OF_SPACE when the files do not fit. Otherwise
   * as {@link #start}. After a failure nothing is left.
   *
   * @param progress hears of the replay, in bytes of log
   */
  ThrowawayServer startFrom(
      SandboxRequest request, ServerFiles files, RecoveryTarget target, Progress progress);

  /**
   * What is still there of sandboxes of that owner, after a crash; removes it and returns what
   * could not be removed.
   */
  java.util.List<String> removeLeftovers(String owner);
}
