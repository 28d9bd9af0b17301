package dev.drp.it.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A POSIX shell that has a few programs in reach, named one by one, and nothing else. */
public final class BareShell {
  private final Path programs;
  private final Path workingFolder;

  /**
   * @param workingFolder where scripts run; a folder for the programs is made in it
   */
  public BareShell(Path workingFolder) throws IOException {
    this.workingFolder = workingFolder;
    this.programs = Files.createDirectory(workingFolder.resolve("bin"));
    putInReach("sh");
  }

  /** Standard programs of this machine. */
  public BareShell putInReach(String... names) throws IOException {
    for (String name : names) {
      putInReach(find(name));
    }
    return this;
  }

  public BareShell putInReach(Path program) throws IOException {
    Path wrapper = programs.resolve(program.getFileName());
    Files.writeString(wrapper, "#!/bin/sh\nexec '%s' \"$@\"\n".formatted(program));
    Files.setPosixFilePermissions(wrapper, PosixFilePermissions.fromString("rwxr-xr-x"));
    return this;
  }

  /** How a script ended, with both of its outputs. */
  public record Ended(int exitCode, String output) {}

  /**
   * Runs a script to its end, with empty input.
   *
   * @param environment all of it, but for the PATH
   */
  public Ended run(Path script, Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(programs.resolve("sh").toString(), script.toString()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(workingFolder.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().put("PATH", programs.toString());
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), output);
  }

  private static Path find(String program) {
    return Stream.of("/usr/bin", "/bin", "/usr/local/bin")
        .map(bin -> Path.of(bin, program))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow(() -> new AssertionError(program + " is not installed"));
  }
}
