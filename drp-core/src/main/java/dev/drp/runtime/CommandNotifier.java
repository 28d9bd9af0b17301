package dev.drp.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** Runs a program that gets the message on its standard input, such as {@code mail} or a script. */
public final class CommandNotifier implements Notifier {
  private final CommandRunner programs;
  private final List<String> command;

  /**
   * @param command program and arguments
   */
  public CommandNotifier(CommandRunner programs, List<String> command) {
    this.programs = requireNonNull(programs, "programs");
    this.command = List.copyOf(command);
  }

  @Override
  public void tell(String message) {
    try (RunningCommand running = programs.start(Command.of(command))) {
      try (OutputStream input = running.stdin()) {
        input.write((message + "\n").getBytes(UTF_8));
      } catch (IOException e) {
        // It has ended without reading; its exit code tells more.
      }
      try (InputStream output = running.stdout()) {
        output.transferTo(OutputStream.nullOutputStream());
      }
      running.await().requireSuccess();
    } catch (IOException e) {
      throw failed(String.valueOf(e.getMessage()), e);
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
      throw failed(e.problem(), e);
    }
  }

  private RecoveryException failed(String why, Exception cause) {
    return new RecoveryException(
        ErrorCode.NOTIFICATION_FAILED,
        "people were not told: %s: %s".formatted(command.get(0), why),
        "tell them by hand, and try the program of notify in the plan by hand.",
        cause);
  }
}
