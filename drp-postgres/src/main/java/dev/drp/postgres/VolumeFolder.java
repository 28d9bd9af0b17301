package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A folder in a container's volume as this machine has it. What is written to it here does not pass
 * the engine, which takes several times as long. Programs run as the folder's owner and never as
 * root, whatever the container's own programs make of the folder meanwhile.
 */
final class VolumeFolder {
  /** Goes to folder $1 if that is what the container calls $2, and runs the rest as its owner. */
  private static final String IN_FOLDER =
      """
      cd -P -- "$1" && [ "$(pwd -P)" = "$1" ] && [ "$(stat -c '%d %i' .)" = "$2" ] || exit
      account=$(stat -c %u .) && [ "$account" != 0 ] || exit
      group=$(stat -c %g .)
      shift 2
      exec setpriv --reuid="$account" --regid="$group" --clear-groups --no-new-privs -- "$@"
      """;

  private static final String IDENTITY = "%d %i";

  private final Path here;
  private final String identity;

  private VolumeFolder(Path here, String identity) {
    this.here = here;
    this.identity = identity;
  }

  /**
   * Empty where the engine is on another machine, where we are not root, and where the folder
   * cannot be written to from here for any other reason.
   *
   * @param host runs programs on this machine
   * @param inside runs programs where the volume is mounted
   * @param folder in the volume, by its path there
   */
  static Optional<VolumeFolder> find(
      CommandRunner host, CommandRunner inside, Container.Mount volume, String folder) {
    if (volume.source().isEmpty() || !"root".equals(System.getProperty("user.name"))) {
      return Optional.empty();
    }
    Path here;
    try {
      Path below = Path.of(volume.path()).relativize(Path.of(folder));
      here = Path.of(volume.source().get()).toRealPath().resolve(below);
    } catch (IOException e) {
      return Optional.empty(); // not on this machine
    }
    if (!Files.isDirectory(here, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    String identity = inside.run(Command.of("stat", "-c", IDENTITY, "--", folder)).strip();
    VolumeFolder found = new VolumeFolder(here, identity);
    try {
      host.run(found.command(List.of("sh", "-c", "mkdir data && rmdir data")));
      return Optional.of(found);
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.COMMAND_FAILED) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What runs on this machine, in the folder, as its owner. */
  Command command(List<String> line) {
    List<String> all =
        new ArrayList<>(List.of("sh", "-c", IN_FOLDER, "sh", here.toString(), identity));
    all.addAll(line);
    return Command.of(all);
  }
}
