package dev.drp.transfer.sync;

import dev.drp.Secret;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.util.Map;

/** Gives all programs one more variable in their environment. */
record WithVariable(CommandRunner machine, String name, String value) implements CommandRunner {
  @Override
  public RunningCommand start(Command command) {
    return machine.start(command.withEnvironment(Map.of(name, new Secret(value))));
  }

  @Override
  public String place() {
    return machine.place();
  }
}
