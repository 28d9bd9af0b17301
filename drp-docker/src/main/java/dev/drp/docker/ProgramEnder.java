package dev.drp.docker;

import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandMark;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.MarkedPrograms;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds marked programs in one container and ends them, from inside. An account sees the marks of
 * its own programs only; sessions and signals reach further, so root follows where that is not
 * enough.
 */
final class ProgramEnder {
  private static final Logger LOG = LoggerFactory.getLogger(ProgramEnder.class);
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String SCRIPT = script();

  private final CommandRunner runner;

  /**
   * @param runner runs unmarked programs in the container
   */
  ProgramEnder(CommandRunner runner) {
    this.runner = runner;
  }

  /**
   * Ends the programs that carry the mark, and what they started.
   *
   * @param user the account that they were started for
   */
  void end(Optional<String> user, String mark) {
    try {
      Left left = end(user, mark, List.of());
      if (!left.processes.isEmpty()) {
        left = end(Optional.of("0"), mark, left.sessions);
      }
      if (!left.processes.isEmpty()) {
        LOG.warn("{}: processes {} do not end", runner.place(), left.processes);
      }
    } catch (RecoveryException e) {
      LOG.debug("{}: cannot look for programs from inside", runner.place(), e);
    }
    // No shell in there, or programs of yet another account: root on the engine's machine sees all.
    new MarkedPrograms(mark).end();
  }

  /** Ends programs of that account whose owner, a run of this tool, has ended without them. */
  void endOrphans(Optional<String> user) {
    try {
      for (String mark : run(user, List.of("list")).lines().toList()) {
        if (CommandMark.ownerHasEnded(mark)) {
          LOG.warn("{}: ending a program that a killed run left there", runner.place());
          end(user, mark);
        }
      }
    } catch (RecoveryException e) {
      // Whatever is wrong there, the command that is to run now will say it better.
      LOG.debug("{}: cannot look for orphans", runner.place(), e);
    }
  }

  private Left end(Optional<String> user, String mark, List<String> sessions) {
    List<String> arguments = new ArrayList<>(List.of("end", mark));
    arguments.addAll(sessions);
    List<String> lines = run(user, arguments).lines().toList();
    return new Left(words(lines.get(0)), words(lines.get(1)));
  }

  private String run(Optional<String> user, List<String> arguments) {
    List<String> all = new ArrayList<>(List.of("sh", "-c", SCRIPT, "sh"));
    all.addAll(arguments);
    Command command = Command.of(all).within(LIMIT);
    return runner.run(user.map(command::asUser).orElse(command));
  }

  private static List<String> words(String line) {
    return line.isBlank() ? List.of() : List.of(line.strip().split(" +", -1));
  }

  private static String script() {
    try (InputStream script = ProgramEnder.class.getResourceAsStream("programs.sh")) {
      if (script == null) {
        throw new IllegalStateException("programs.sh is not in the jar");
      }
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Which sessions were found, and which processes are still there. */
  private record Left(List<String> sessions, List<String> processes) {}
}
