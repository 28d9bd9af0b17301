package dev.drp.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs {@code docker compose} as the team does: {@code cd FOLDER && docker compose -f FILE …}, with
 * the {@code .env} file that it finds there by itself.
 */
final class ComposeCommand {
  private static final Duration LIMIT = Duration.ofMinutes(1);

  /** Exit codes of the shell, and one of ours. */
  private static final int NOT_FOUND = 127;

  private static final int NO_FOLDER = 120;

  private static final Duration LOAD_LIMIT = Duration.ofHours(6);

  private static final String IN_FOLDER =
      "cd -- \"$1\" 2>/dev/null || exit %d; shift; exec \"$@\"".formatted(NO_FOLDER);

  /** Which files Compose takes when it is given none, in its order. */
  private static final String DEFAULT_FILES =
      """
      set -f
      list=${COMPOSE_FILE:-$(sed -n 's/^COMPOSE_FILE=//p' .env 2>/dev/null | tail -n 1)}
      if [ -n "$list" ]; then
        IFS=${COMPOSE_PATH_SEPARATOR:-:}
        printf '%s\\n' $list
        exit
      fi
      for names in 'compose.yaml compose.yml docker-compose.yml docker-compose.yaml' \\
        'compose.override.yml compose.override.yaml docker-compose.override.yml docker-compose.override.yaml'; do
        for file in $names; do [ ! -f "$file" ] || { echo "$file"; break; }; done
      done
      """;

  private static final Pattern MISSING_VARIABLE =
      Pattern.compile("The \\\\?\"([^\"\\\\]+)\\\\?\" variable is not set");

  /** What Compose cannot read is quoted by it, and often holds a password. */
  private static final Pattern QUOTED =
      Pattern.compile(
          "(failed to read [^\"]*?: line \\d+: [^\"]*|invalid template: "
              + "|You may need to escape any \\$ with another \\$\\.\\s*).*",
          Pattern.DOTALL | Pattern.CASE_INSENSITIVE);

  private final CommandRunner commands;
  private final String project;
  private final Path folder;
  private final List<String> files;

  ComposeCommand(CommandRunner commands, String project, Path folder, List<String> files) {
    this.commands = commands;
    this.project = project;
    this.folder = folder;
    this.files = List.copyOf(files);
  }

  String project() {
    return project;
  }

  /** What {@code config} prints, as JSON. COMPOSE_INVALID when it finds anything wrong. */
  String configuration() {
    Outcome outcome = run(files, "", LIMIT, List.of("config", "--format", "json"));
    if (!outcome.result.succeeded()) {
      requireCompose();
      throw invalid(
          "Compose does not accept the files of %s in %s: %s"
              .formatted(project, folder, said(outcome.result)),
          "correct them; this shows whether they are good: cd %s && docker compose %s"
              .formatted(
                  folder,
                  Stream.concat(arguments(files), Stream.of("config")).collect(joining(" "))));
    }
    List<String> missing = missingVariables(outcome.result.errorOutput());
    if (!missing.isEmpty()) {
      throw invalid(
          "the Compose files of %s in %s use %s without a value"
              .formatted(
                  project,
                  folder,
                  (missing.size() == 1 ? "the variable " : "the variables ")
                      + String.join(", ", missing)),
          "set it in %s, or in the environment; Compose would go on with an empty text."
              .formatted(folder.resolve(".env")));
    }
    return outcome.output;
  }

  /**
   * Runs a subcommand.
   *
   * @param override one more file of the project, which counts last; none where it is empty
   * @return how it ended, well or not
   */
  CommandResult run(String override, Duration limit, List<String> subcommand) {
    return printed(override, limit, subcommand).result;
  }

  /** The same, with what it prints on standard output. */
  Outcome printed(String override, Duration limit, List<String> subcommand) {
    List<String> all = files;
    if (!override.isEmpty()) {
      all = new ArrayList<>(files.isEmpty() ? defaultFiles() : files);
      all.add("-");
    }
    return run(all, override, limit, subcommand);
  }

  /** Removes a container, whatever it does; no effect if it is not there. */
  void remove(String container) {
    execute(List.of("docker", "rm", "--force", "--volumes", container), "", LIMIT);
  }

  /** No effect on one that is there. */
  void createVolume(String volume) {
    CommandResult result =
        execute(List.of("docker", "volume", "create", volume), "", LIMIT).result();
    if (!result.succeeded()) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: cannot make volume %s: %s".formatted(commands.place(), volume, said(result)),
          "what it said above is the cause; mend it, then run this again.");
    }
  }

  /** What Compose said at last, without its progress and its warnings. */
  static String said(CommandResult result) {
    String text =
        result
            .errorOutput()
            .lines()
            .filter(line -> !line.startsWith(" ") && !line.contains("level=warning"))
            .collect(joining("\n"))
            .strip();
    Matcher quoted = QUOTED.matcher(text);
    return text.isEmpty()
        ? "it ended with exit code " + result.exitCode()
        : quoted.replaceFirst("$1\"***\"");
  }

  private List<String> defaultFiles() {
    Outcome found = execute(List.of("sh", "-c", DEFAULT_FILES), "", LIMIT);
    List<String> names = found.output.lines().filter(line -> !line.isBlank()).toList();
    if (names.isEmpty()) {
      throw invalid(
          "there is no Compose file in " + folder, "name the files in the plan, under compose.");
    }
    return names;
  }

  private Outcome run(
      List<String> composeFiles, String stdin, Duration limit, List<String> subcommand) {
    List<String> arguments = new ArrayList<>(List.of("docker", "compose", "--ansi", "never"));
    arguments.addAll(List.of("--project-name", project));
    arguments(composeFiles).forEach(arguments::add);
    arguments.addAll(subcommand);
    return execute(arguments, stdin, limit);
  }

  private static Stream<String> arguments(List<String> composeFiles) {
    return composeFiles.stream().flatMap(file -> Stream.of("-f", file));
  }

  private Outcome execute(List<String> program, String stdin, Duration limit) {
    List<String> arguments =
        new ArrayList<>(List.of("sh", "-c", IN_FOLDER, "sh", folder.toString()));
    arguments.addAll(program);
    Outcome outcome =
        exchange(
            Command.of(arguments).within(limit), new ByteArrayInputStream(stdin.getBytes(UTF_8)));
    return switch (outcome.result.exitCode()) {
      case NO_FOLDER ->
          throw invalid(
              "%s: there is no folder %s for the Compose project %s"
                  .formatted(commands.place(), folder, project),
              "restore it from a backup of the configuration, or correct the plan.");
      case NOT_FOUND -> throw notFound(String.valueOf(program.get(0)), outcome.result);
      default -> outcome;
    };
  }

  /** Runs a program to its end; fails only where that is not possible. */
  private Outcome exchange(Command command, InputStream stdin) {
    try (RunningCommand running = commands.start(command)) {
      try (OutputStream input = running.stdin()) {
        stdin.transferTo(input);
      } catch (IOException e) {
        // It has ended without reading; its exit code tells more.
      }
      String output;
      try (InputStream stdout = running.stdout()) {
        output = new String(stdout.readAllBytes(), UTF_8);
      }
      return new Outcome(output, running.await());
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: cannot exchange data with docker compose: %s"
              .formatted(commands.place(), e.getMessage()),
          "check that the place is still up, then run this again.",
          e);
    }
  }

  /** Docker without Compose complains about the first of Compose's arguments. */
  void requireCompose() {
    CommandResult version =
        exchange(
                Command.of("docker", "compose", "version").within(LIMIT),
                InputStream.nullInputStream())
            .result;
    if (!version.succeeded()) {
      throw notFound("docker compose", version);
    }
  }

  /** {@code docker load}; the caller closes the tar. */
  void load(InputStream tar) {
    CommandResult result =
        exchange(Command.of("docker", "load", "--quiet").within(LOAD_LIMIT), tar).result;
    if (!result.succeeded()) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: docker load does not take the images: %s".formatted(commands.place(), said(result)),
          "what it said above is the cause; look at the space of the engine, too.");
    }
  }

  private RecoveryException notFound(String program, CommandResult result) {
    return new RecoveryException(
        ErrorCode.COMMAND_NOT_FOUND,
        "%s: cannot run %s: %s".formatted(commands.place(), program, said(result)),
        "install Docker with version 2 of Docker Compose there.");
  }

  private static List<String> missingVariables(String errorOutput) {
    return List.copyOf(
        new TreeSet<>(
            MISSING_VARIABLE.matcher(errorOutput).results().map(it -> it.group(1)).toList()));
  }

  private static RecoveryException invalid(String problem, String hint) {
    return new RecoveryException(ErrorCode.COMPOSE_INVALID, problem, hint);
  }

  /** How a program ended, and what it printed before. */
  record Outcome(String output, CommandResult result) {}
}
