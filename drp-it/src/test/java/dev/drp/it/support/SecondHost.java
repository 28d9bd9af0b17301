package dev.drp.it.support;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A second machine, with nothing on it but Docker and Compose: a Docker engine without an image,
 * and processes and network of its own. It sees the files of this machine. Made by {@code
 * tools/host}; gone with all that runs on it when it is closed, or when the tests are killed. Needs
 * root.
 */
public final class SecondHost implements AutoCloseable {
  private static final String TOOL =
      Path.of("..", "tools", "host").toAbsolutePath().normalize().toString();
  private static final String LOAD =
      "set -o pipefail; docker save \"${@:2}\" | \"$0\" run \"$1\" docker load --quiet";
  private static final Duration END = Duration.ofMinutes(3);

  private final Path folder;
  private final Process process;

  private SecondHost(Path folder, Process process) {
    this.folder = folder;
    this.process = process;
  }

  /**
   * Starts one, and waits for its engine.
   *
   * @param folder for all that is stored on it; must not be there, and is not afterwards
   */
  public static SecondHost start(Path folder) {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "only root can make a second machine");
    Path log = folder.resolveSibling(folder.getFileName() + ".log");
    Process process =
        Programs.start(
            new ProcessBuilder(TOOL, "start", folder.toString()).redirectError(log.toFile()));
    SecondHost host = new SecondHost(folder, process);
    try {
      // Until its end, where it fails before.
      String line =
          new BufferedReader(
                  new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
              .readLine();
      if (!"ready".equals(line)) {
        throw new AssertionError("no second host: " + Files.readString(log));
      }
      return host;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      if (!Files.exists(folder.resolve("pid"))) {
        host.close();
      }
    }
  }

  /** How a program is started there, in the working directory that it is started in. */
  List<String> command(List<String> program) {
    List<String> command = new ArrayList<>(List.of(TOOL, "run", folder.toString()));
    command.addAll(program);
    return command;
  }

  /** Runs a program there with empty input; ended with 0, or it is an error. */
  public Programs.Result run(String... program) {
    return Programs.run(
            command(Arrays.asList(program)), Path.of("/"), Map.of(), "", Programs.TIME_LIMIT)
        .requireSuccess();
  }

  /** Starts a program there that runs until this host ends. */
  public void launch(String... program) {
    Programs.start(
        new ProcessBuilder(command(Arrays.asList(program)))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("launched.log").toFile()));
  }

  /** Gives its engine images of this machine's. */
  public SecondHost load(String... images) {
    List<String> both = new ArrayList<>(List.of("bash", "-c", LOAD, TOOL, folder.toString()));
    both.addAll(Arrays.asList(images));
    Programs.run(both.toArray(String[]::new));
    return this;
  }

  /** Its engine ends, as when the machine's service manager stops it. */
  public void stopEngine() {
    Programs.run(TOOL, "engine", folder.toString(), "stop");
  }

  public void startEngine() {
    Programs.run(TOOL, "engine", folder.toString(), "start");
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(END.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("the second host does not end: " + folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}
