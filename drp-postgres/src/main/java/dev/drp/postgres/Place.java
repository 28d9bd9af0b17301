package dev.drp.postgres;

import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ImageIdentity;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where a server runs, and what can be done to it from outside SQL.
 *
 * @param name for messages
 * @param runner runs programs where the server's files are; empty for a server on another machine
 * @param restart ends and starts the server; empty where the plan names no way to do it
 */
record Place(
    String name,
    Optional<ImageIdentity> image,
    Optional<CommandRunner> runner,
    Optional<Runnable> restart) {
  private static final Duration GRACE = Duration.ofMinutes(2);

  static Place container(ContainerRuntime engine, Container container) {
    return new Place(
        "container " + container.name(),
        Optional.of(container.image()),
        Optional.of(engine.commandsIn(container)),
        Optional.of(
            () -> {
              engine.stop(container, GRACE);
              engine.start(container);
            }));
  }

  static Place host(String name, boolean local, CommandRunner runner, List<String> restart) {
    return new Place(
        name,
        Optional.empty(),
        local ? Optional.of(runner) : Optional.empty(),
        local && !restart.isEmpty()
            ? Optional.of(() -> runner.run(Command.of(restart).within(GRACE)))
            : Optional.empty());
  }

  /** Free space for the server's data; empty where we cannot ask. */
  OptionalLong freeBytes(Sessions sessions) {
    if (runner.isEmpty()) {
      return OptionalLong.empty();
    }
    try (Session session = sessions.maintenance()) {
      return freeBytes(runner.get(), dataDirectory(session));
    } catch (RecoveryException e) {
      return OptionalLong.empty(); // not allowed to know where the data is, or no df there
    }
  }

  static String dataDirectory(Session session) {
    return session.row("ask where the data is", "SHOW data_directory", row -> row.getString(1));
  }

  static OptionalLong freeBytes(CommandRunner runner, String folder) {
    String[] lines = runner.run(Command.of("df", "-Pk", "--", folder)).strip().split("\n", -1);
    // Filesystem 1024-blocks Used Available Capacity Mounted-on; the first may hold spaces.
    String[] columns =
        lines[lines.length - 1].replaceFirst("\\s+\\d+%\\s.*$", "").split("\\s+", -1);
    return OptionalLong.of(Long.parseLong(columns[columns.length - 1]) * 1024);
  }
}
