package dev.drp.transfer.sync;

import dev.drp.runtime.RunningCommand;

/** Where one of the two trees is. Runs POSIX shell scripts there. */
interface Machine {
  /**
   * Starts a script.
   *
   * @param folder what the script finds as {@code $1}
   */
  RunningCommand start(String script, String folder);

  /** For messages, with the folder. */
  String place(String folder);
}
