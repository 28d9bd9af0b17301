package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The programs of PostgreSQL servers that this machine has. Each is asked once for its version. */
final class InstalledServers {
  private static final String PROGRAM = "initdb";

  private final CommandRunner runner;
  private final Map<String, Optional<String>> versions = new HashMap<>();

  InstalledServers(CommandRunner runner) {
    this.runner = runner;
  }

  /**
   * What to put before the names of a major version's own programs: those of another would not read
   * its dump the same way, and its files not at all.
   *
   * @param tools where to look first
   * @param others gets the versions of what is there instead
   */
  Optional<String> find(int major, Optional<Path> tools, List<String> others) {
    List<String> candidates = new ArrayList<>();
    tools.ifPresent(folder -> candidates.add(folder + "/"));
    candidates.add("/usr/lib/postgresql/%d/bin/".formatted(major));
    candidates.add("/usr/pgsql-%d/bin/".formatted(major));
    candidates.add("");
    for (String candidate : candidates) {
      Optional<String> version = versions.computeIfAbsent(candidate, this::ask);
      if (version.filter(it -> it.contains("(PostgreSQL) %d.".formatted(major))).isPresent()) {
        return Optional.of(candidate);
      }
      version.ifPresent(others::add);
    }
    return Optional.empty();
  }

  private Optional<String> ask(String folder) {
    if (!folder.isEmpty() && !Files.isExecutable(Path.of(folder, PROGRAM))) {
      return Optional.empty();
    }
    try {
      return Optional.of(runner.run(Command.of(folder + PROGRAM, "--version")).strip());
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.COMMAND_NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
