package dev.drp.runtime;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Runs programs in one place: on this machine, in a container, on another host. Safe for concurrent
 * use.
 *
 * <p>Contract: a program sees end-of-input when its standard input is closed; its output arrives
 * unchanged, byte for byte; when the {@link RunningCommand} is closed early or its time limit has
 * passed, the program and what it started are ended, wherever they run.
 */
public interface CommandRunner {
  /**
   * Starts a program. A program that is not there: COMMAND_NOT_FOUND, here or from {@link
   * RunningCommand#await()}.
   */
  RunningCommand start(Command command);

  /** Where the programs run, for messages: {@code this host}, {@code container shop-db-1}. */
  String place();

  /**
   * Runs a short program to its end with empty input and returns its output. COMMAND_FAILED, naming
   * exit code and standard error, when it ends with another code than 0.
   */
  default String run(Command command) {
    try (RunningCommand running = start(command)) {
      running.stdin().close();
      byte[] output;
      try (InputStream stdout = running.stdout()) {
        output = stdout.readAllBytes();
      }
      running.await().requireSuccess();
      return new String(output, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: %s: cannot exchange data with the program: %s"
              .formatted(place(), command.program(), e.getMessage()),
          "check that the place is still up, then run this again.",
          e);
    }
  }
}
