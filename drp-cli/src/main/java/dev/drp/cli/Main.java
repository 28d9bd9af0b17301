package dev.drp.cli;

import java.time.Clock;

/** The program {@code drp}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    Console console = Console.ofThisProcess();
    Context context = new Context(console, Clock.systemUTC(), System.getenv());
    int code = new Interruption(console).run(() -> new CommandLineRun(context).execute(arguments));
    console.flush();
    System.exit(code);
  }
}
