package dev.drp.transfer.sync;

import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.time.Duration;

/** This machine. */
final class ThisMachine implements Machine {
  /** A tree may be large; that the other side is gone is noticed by its connection. */
  static final Duration LONGEST = Duration.ofDays(7);

  private final CommandRunner programs;

  ThisMachine(CommandRunner programs) {
    this.programs = programs;
  }

  @Override
  public RunningCommand start(String script, String folder) {
    return programs.start(Command.of("sh", "-c", script, "sh", folder).within(LONGEST));
  }

  @Override
  public String place(String folder) {
    return folder;
  }
}
