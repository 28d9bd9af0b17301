package dev.drp.it.support;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The command line as a process of its own, the way that a user runs it: exit code and both outputs
 * are the real ones.
 *
 * @param folder where it runs
 * @param through what starts it; nothing for this machine
 * @param environment variables in addition to those of the tests
 * @param stdin what it reads
 * @param limit how long it may run
 */
public record Cli(
    Path folder,
    List<String> through,
    Map<String, String> environment,
    String stdin,
    Duration limit) {
  public Cli {
    through = List.copyOf(through);
    environment = Map.copyOf(environment);
  }

  public static Cli in(Path folder) {
    return new Cli(folder, List.of(), Map.of(), "", Programs.TIME_LIMIT);
  }

  /** The same on another machine. */
  public Cli on(SecondHost host) {
    return new Cli(folder, host.command(List.of()), environment, stdin, limit);
  }

  /** The same with another limit. */
  public Cli within(Duration time) {
    return new Cli(folder, through, environment, stdin, time);
  }

  public Cli with(String variable, String value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(variable, value);
    return new Cli(folder, through, more, stdin, limit);
  }

  public Cli reading(String input) {
    return new Cli(folder, through, environment, input, limit);
  }

  /** Runs it to its end, whatever its exit code. */
  public Programs.Result run(String... arguments) {
    return Programs.run(command(arguments), folder, environment, stdin, limit);
  }

  /** Starts it, for a test that stops or kills it; the caller ends it. */
  public Process start(String... arguments) {
    // As from a terminal: a script that runs in the background makes its children ignore SIGINT.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.addAll(command(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().putAll(environment);
    return Programs.start(builder);
  }

  /** Waits for the end of what was started, and takes its output, which must be short. */
  public static Programs.Result finish(Process process) {
    return Programs.finish(process, List.of("process " + process.pid()), "", Duration.ofMinutes(5));
  }

  private List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(through);
    command.addAll(Program.COMMAND);
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  /** How it is started, once for all tests of this JVM. */
  private static final class Program {
    static final List<String> COMMAND = command();

    private static List<String> command() {
      List<String> command =
          new ArrayList<>(
              List.of(
                  ProcessHandle.current().info().command().orElse("java"),
                  "-Xmx256m",
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  // What the JVM says of its archive must not get into the output.
                  "-Xlog:disable",
                  "-Xlog:all=error:stderr",
                  "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir")));
      List<Path> classPath = classPath();
      ClassArchive.make(command, classPath)
          .ifPresent(archive -> command.add("-XX:SharedArchiveFile=" + archive));
      command.addAll(List.of("-cp", ClassArchive.joined(classPath), ClassArchive.MAIN));
      return List.copyOf(command);
    }

    /** That of the tests: surefire names it in a property of its own, an IDE does not. */
    private static List<Path> classPath() {
      String all =
          System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
      return Arrays.stream(all.split(File.pathSeparator))
          .filter(entry -> !entry.endsWith("test-classes") && !entry.endsWith("-tests.jar"))
          .map(Path::of)
          .filter(Files::exists)
          .toList();
    }
  }
}
