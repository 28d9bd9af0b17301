package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectory;
import dev.drp.database.DataDirectory.State;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A folder inside a data directory, with other files for the same server: both are exchanged by
 * renames. Nothing may run on what is exchanged.
 */
final class ExchangedFiles {
  private static final String SCRIPT = script();
  private static final int REFUSED = 3;
  private static final int LONGEST_STATE = 1 << 10;

  private final CommandRunner runner;
  private final Function<List<String>, Command> commands;
  private final String directory;
  private final boolean here;
  private final String name;

  /**
   * @param commands makes what is to run one that runs as the server's account
   * @param directory the data directory
   * @param here whether that is a folder of this machine, and looked into without a program
   * @param owner whose folder it is
   */
  ExchangedFiles(
      CommandRunner runner,
      Function<List<String>, Command> commands,
      String directory,
      boolean here,
      String owner) {
    this.runner = runner;
    this.commands = commands;
    this.directory = directory;
    this.here = here;
    this.name = DataDirectory.FOLDER + owner;
  }

  private static String script() {
    try (InputStream script = ExchangedFiles.class.getResourceAsStream("exchange.sh")) {
      if (script == null) {
        throw new IllegalStateException("exchange.sh is not in the jar");
      }
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where the folder is; the restored files belong into its folder {@code data}. */
  String folder() {
    return directory + "/" + name;
  }

  State state() {
    String state = (here ? written() : run("state")).strip();
    return switch (state) {
      case "" -> State.NOTHING;
      case "taken" -> State.TAKEN;
      case "recovered" -> State.RECOVERED;
      case "live replaced" -> State.READY;
      case "live data" -> State.SWITCHED;
      default -> State.BETWEEN;
    };
  }

  private String written() {
    try (InputStream state =
        Files.newInputStream(Path.of(folder(), "state"), LinkOption.NOFOLLOW_LINKS)) {
      return new String(state.readNBytes(LONGEST_STATE), StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot read what became of the files in %s: %s".formatted(folder(), e),
          "check the disk, and that this account may look there.",
          e);
    }
  }

  /** Takes the live files into the folder, as those that are to be the restored ones. */
  void take() {
    run("take");
  }

  void noteRecovered() {
    run("recovered");
  }

  /**
   * Gives the restored files their settings back. REFUSED when their server did not end cleanly.
   *
   * @param alone whether they get settings to start with where they have none of their own
   */
  void seal(boolean alone) {
    run("seal", alone ? "alone" : "");
  }

  void putRestored() {
    run("put", "data");
  }

  /** REFUSED when nothing was replaced. */
  void putReplaced() {
    run("put", "replaced");
  }

  /** REFUSED in the middle of an exchange. */
  void drop() {
    run("drop");
  }

  /** Makes the folder, with nothing in it. REFUSED as {@link #drop}. */
  void renew() {
    run("renew");
  }

  private String run(String... arguments) {
    List<String> line = new ArrayList<>(List.of("sh", "-c", SCRIPT, "sh", directory, name));
    line.addAll(List.of(arguments));
    try (RunningCommand running = runner.start(commands.apply(line).within(Sessions.LONG))) {
      running.stdin().close();
      byte[] output;
      try (InputStream stdout = running.stdout()) {
        output = stdout.readAllBytes();
      }
      CommandResult result = running.await();
      if (result.exitCode() == REFUSED) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s: %s: %s".formatted(runner.place(), directory, result.errorOutput().strip()),
            "nothing was changed; look what the folder %s holds.".formatted(folder()));
      }
      result.requireSuccess();
      return new String(output, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: cannot exchange the files in %s: %s"
              .formatted(runner.place(), directory, e.getMessage()),
          "check that the place is still up, then run this again.",
          e);
    }
  }
}
