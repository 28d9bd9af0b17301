package dev.drp.cli;

import java.time.Clock;
import java.util.Map;

/** The program {@code drp}. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    LoggingProvider.install();
    Console console = Console.ofThisProcess();
    Clock clock = Clock.systemUTC();
    Map<String, String> environment = System.getenv();
    Context context =
        new Context(console, clock, environment, () -> new Wiring(environment, clock));
    int code = new Interruption(console).run(() -> new CommandLineRun(context).execute(arguments));
    console.flush();
    System.exit(code);
  }
}
