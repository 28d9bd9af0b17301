package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A file or a folder of this machine that is replaced by renames. What replaces it and what it
 * replaced are in a folder beside it, which others that are replaced may share. Each of its methods
 * may be repeated.
 */
final class ReplacedPath {
  private static final Duration LONG = Duration.ofHours(24);

  private final CommandRunner host;
  private final Path path;
  private final Path beside;

  /**
   * @param host runs programs on this machine
   * @param folder name of the folder beside it
   */
  ReplacedPath(CommandRunner host, Path path, String folder) {
    this.host = host;
    this.path = path;
    this.beside = parent(path).resolve(folder);
  }

  Path path() {
    return path;
  }

  /** Where to unpack what replaces it, under its name. */
  Path fresh() {
    return beside.resolve("new");
  }

  /** What replaces it. */
  Path unpacked() {
    return fresh().resolve(path.getFileName());
  }

  /** Where that is which was replaced. */
  Path old() {
    return beside.resolve("old");
  }

  private Path replaced() {
    return old().resolve(path.getFileName());
  }

  void makeFresh() {
    mkdir(fresh());
  }

  void removeFresh() {
    host.run(Command.of("rm", "-rf", "--", fresh().toString()).within(LONG));
  }

  /** No effect once it is exchanged. REFUSED when something has come in the way. */
  void exchange() {
    if (!exists(unpacked())) {
      return; // exchanged already
    }
    mkdir(old());
    if (exists(path) && !exists(replaced())) {
      move(path, replaced());
    }
    move(unpacked(), path);
  }

  /** Also from half-way. */
  void exchangeBack() {
    mkdir(fresh());
    mkdir(old());
    if (!exists(unpacked()) && exists(path)) {
      move(path, unpacked());
    }
    if (exists(replaced())) {
      move(replaced(), path);
    }
  }

  /** Removes all that is beside it. */
  void remove() {
    host.run(Command.of("rm", "-rf", "--", beside.toString()).within(LONG));
  }

  void removeIfEmpty() {
    if (Files.isDirectory(parent(beside))) { // else an empty machine, and nothing was unpacked yet
      host.run(find(beside, "-empty", "-delete"));
    }
  }

  private void mkdir(Path folder) {
    host.run(Command.of("mkdir", "-p", "-m", "0700", "--", folder.toString()));
  }

  /** Also a link that leads nowhere. */
  private boolean exists(Path which) {
    return !host.run(find(which)).isEmpty();
  }

  private static Command find(Path which, String... then) {
    String literally = which.toString().replaceAll("([\\\\*?\\[])", "\\\\$1");
    List<String> line = new ArrayList<>(List.of("find", parent(which).toString()));
    line.addAll(List.of("-maxdepth", "1", "-path", literally));
    line.addAll(List.of(then));
    return Command.of(line);
  }

  private void move(Path from, Path to) {
    host.run(Command.of("mv", "--no-clobber", "-T", "--", from.toString(), to.toString()));
    if (exists(from)) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s was not moved to %s, where there is something".formatted(from, to),
          "look at who made it; undo this execution to go back.");
    }
  }

  private static Path parent(Path path) {
    return requireNonNull(path.getParent());
  }
}
