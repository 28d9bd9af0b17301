package dev.drp.cli;

import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Standard input, output and error, and which of them are terminals. Results go to standard output,
 * everything else to standard error. Safe for concurrent use.
 */
final class Console {
  private static final Pattern COLOUR = Pattern.compile("\\x1b\\[[0-9;]*m");

  private final InputStream in;
  private final PrintStream out;
  private final PrintStream err;
  private final Terminals terminals;
  private final boolean colours;

  /** Asked for late: looking for time zones opens every jar, which takes 0.03 s. */
  private final Supplier<ZoneId> zone;

  private String status = "";

  /** Which of the three streams are terminals. */
  record Terminals(boolean in, boolean out, boolean err) {
    static final Terminals NONE = new Terminals(false, false, false);
  }

  Console(
      InputStream in,
      PrintStream out,
      PrintStream err,
      Terminals terminals,
      boolean colours,
      Supplier<ZoneId> zone) {
    this.in = in;
    this.out = out;
    this.err = err;
    this.terminals = terminals;
    this.colours = colours && terminals.out();
    this.zone = zone;
  }

  /** That of this process, in UTF-8 whatever the locale. */
  static Console ofThisProcess() {
    return new Console(
        System.in,
        stream(FileDescriptor.out),
        stream(FileDescriptor.err),
        new Terminals(isTerminal(0), isTerminal(1), isTerminal(2)),
        System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM")),
        ZoneId::systemDefault);
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    // A PrintStream swallows errors: a reader that went away (head, less) is no error of ours.
    return new PrintStream(
        new BufferedOutputStream(new FileOutputStream(descriptor), 8192),
        false,
        StandardCharsets.UTF_8);
  }

  private static boolean isTerminal(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException | UnsupportedOperationException e) {
      return false; // no /proc: plain output serves everywhere
    }
  }

  Terminals terminals() {
    return terminals;
  }

  ZoneId zone() {
    return zone.get();
  }

  /** A line of the result. */
  synchronized void line(String line) {
    out.print(Format.printable(line));
    out.print('\n');
  }

  /** An empty line of the result. */
  void line() {
    line("");
  }

  /** Text of the result that has its line ends already. */
  synchronized void text(String text) {
    out.print(text);
  }

  /** A line for whoever watches. */
  synchronized void note(String line) {
    err.print(clearStatus());
    err.print(Format.printable(line));
    err.print('\n');
    err.print(status);
    err.flush();
  }

  /** Shows a line that the next one replaces; an empty one removes it. On terminals only. */
  synchronized void status(String line) {
    err.print(clearStatus());
    status = Format.printable(line);
    err.print(status);
    err.flush();
  }

  private String clearStatus() {
    return status.isEmpty() ? "" : "\r\033[K";
  }

  /** Asks a person; empty at end of input. */
  Optional<String> ask(String question) {
    flush();
    synchronized (this) {
      err.print(question);
      err.flush();
    }
    try {
      return Optional.ofNullable(
          new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Standard output for a library that prints help. */
  PrintWriter resultWriter() {
    return new PrintWriter(out, true, StandardCharsets.UTF_8);
  }

  /** Standard error for a library that prints help. */
  PrintWriter noteWriter() {
    return new PrintWriter(err, true, StandardCharsets.UTF_8);
  }

  synchronized void flush() {
    out.flush();
    err.flush();
  }

  String bold(String text) {
    return styled("1", text);
  }

  String dim(String text) {
    return styled("2", text);
  }

  String good(String text) {
    return styled("32", text);
  }

  String warning(String text) {
    return styled("33", text);
  }

  String bad(String text) {
    return styled("1;31", text);
  }

  private String styled(String code, String text) {
    return colours && !text.isEmpty() ? "\033[" + code + "m" + text + "\033[0m" : text;
  }

  /** How many columns a text takes on a terminal, colours aside. */
  static int width(String text) {
    String plain = text.indexOf('\033') < 0 ? text : COLOUR.matcher(text).replaceAll("");
    return plain.codePointCount(0, plain.length());
  }
}
