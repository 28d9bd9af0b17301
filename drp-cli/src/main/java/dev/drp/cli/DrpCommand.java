package dev.drp.cli;

import dev.drp.ExitStatus;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What every command does around its work: opens what it works with, closes it. */
abstract class DrpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  /** Does the work and prints the result; what it throws is printed as an error. */
  abstract ExitStatus run(Session session);

  @Override
  public final Integer call() {
    Drp drp = (Drp) spec.root().userObject();
    try (Session session = drp.open()) {
      return run(session).code();
    }
  }

  final CommandSpec spec() {
    return spec;
  }
}
