package dev.drp.it.support;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs programs of this machine to their end, both outputs captured. */
public final class Programs {
  /** The time limit of {@link #run}. */
  public static final Duration TIME_LIMIT = Duration.ofMinutes(10);

  /** The label of everything that tests start on an engine. */
  public static final String LABEL = "drp.test";

  /** The label's value: which run of the tests; ./verify removes what is left of its own. */
  public static final String RUN =
      Optional.ofNullable(System.getenv("DRP_TEST_RUN")).orElse("by-hand");

  private Programs() {}

  /** How a program ended. */
  public record Result(List<String> command, int exitCode, String stdout, String stderr) {
    public Result {
      command = List.copyOf(command);
    }

    /** This result if the program ended with 0; else an error with all that it said. */
    public Result requireSuccess() {
      if (exitCode != 0) {
        throw new AssertionError(
            "%s ended with %d%n%s%n%s".formatted(command, exitCode, stdout, stderr));
      }
      return this;
    }
  }

  /** Runs a program with empty input, in the current folder; ended with 0, or it is an error. */
  public static Result run(String... command) {
    return finish(start(new ProcessBuilder(command)), List.of(command), "", TIME_LIMIT)
        .requireSuccess();
  }

  /** The command lines of programs that run with that variable in their environment. */
  public static List<String> running(String variable, String value) throws IOException {
    List<String> running = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        try {
          if (bytes(process.resolve("environ")).contains(variable + "=" + value)) {
            running.add(bytes(process.resolve("cmdline")).replace('\0', ' '));
          }
        } catch (IOException goneOrForeign) {
          // Nothing that a test has started.
        }
      }
    }
    return running;
  }

  private static String bytes(Path file) throws IOException {
    return new String(Files.readAllBytes(file), ISO_8859_1);
  }

  static Result run(
      List<String> command,
      Path folder,
      Map<String, String> environment,
      String stdin,
      Duration limit) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().putAll(environment);
    return finish(start(builder), command, stdin, limit);
  }

  static Process start(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Feeds a process, reads both its outputs, awaits its end; kills it when the limit has passed.
   */
  static Result finish(Process process, List<String> command, String stdin, Duration limit) {
    CompletableFuture<String> out = read(process.getInputStream());
    CompletableFuture<String> err = read(process.getErrorStream());
    try {
      try (OutputStream input = process.getOutputStream()) {
        input.write(stdin.getBytes(UTF_8));
      } catch (IOException e) {
        // It ended without reading its input; its exit code and output tell why.
      }
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(
            "%s still runs after %s%n%s".formatted(command, limit, err.getNow("")));
      }
      return new Result(command, process.exitValue(), out.join(), err.join());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting for " + command, e);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static CompletableFuture<String> read(InputStream stream) {
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try (stream) {
                text.complete(new String(stream.readAllBytes(), UTF_8));
              } catch (IOException e) {
                text.completeExceptionally(e);
              }
            },
            "output of a program");
    reader.setDaemon(true);
    reader.start();
    return text;
  }
}
