package dev.drp.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;

/** A console whose streams are in memory. */
final class TestConsole {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Console console;

  TestConsole(Console.Terminals terminals, String input) {
    console =
        new Console(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminals,
            terminals.out(),
            () -> ZoneOffset.UTC);
  }

  static TestConsole plain() {
    return new TestConsole(Console.Terminals.NONE, "");
  }

  Console console() {
    return console;
  }

  String out() {
    console.flush();
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    console.flush();
    return err.toString(StandardCharsets.UTF_8);
  }
}
