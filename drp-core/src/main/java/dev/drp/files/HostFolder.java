package dev.drp.files;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A folder of a machine that files are put into. Not even an archive that was made for it can write
 * outside of it: see {@link CheckedTar}. Nothing else may write into the folder meanwhile.
 */
public final class HostFolder {
  private static final Duration LIMIT = Duration.ofHours(24);

  private final CommandRunner host;
  private final Path folder;

  /**
   * @param folder absolute; is there
   */
  public HostFolder(CommandRunner host, Path folder) {
    this.host = requireNonNull(host, "host");
    this.folder = requireNonNull(folder, "folder");
  }

  /**
   * Unpacks a tar, with modes, times and links, as root with owners. Nothing that is there already
   * is replaced.
   *
   * @param root the file or folder that all of the tar is in; empty when it may be anything
   * @return what was left out, for people
   * @throws RecoveryException with REFUSED when it would write outside; BACKUP_CORRUPT when it is
   *     cut; COMMAND_FAILED when there is no space, or something is there already
   */
  public List<String> unpack(InputStream tar, String root) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "tar",
                "--extract",
                "--file=-",
                "--directory=" + folder,
                "--preserve-permissions",
                "--delay-directory-restore",
                "--keep-old-files"));
    arguments.add(isRoot() ? "--same-owner" : "--no-same-owner");
    Command command =
        Command.of(arguments).withEnvironment(Map.of("LC_ALL", new Secret("C"))).within(LIMIT);
    try (RunningCommand running = host.start(command)) {
      List<String> leftOut = List.of();
      try (BufferedOutputStream input = new BufferedOutputStream(running.stdin(), 1 << 16)) {
        leftOut = new CheckedTar(tar, root).passTo(input, "");
      } catch (IOException e) {
        running.stdout().readAllBytes();
        running.await().requireSuccess(); // says why it does not listen
        throw e;
      }
      running.stdout().readAllBytes();
      running.await().requireSuccess();
      return leftOut;
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: tar: cannot exchange data with the program: %s"
              .formatted(host.place(), e.getMessage()),
          "check that the place is still up, then run this again.",
          e);
    }
  }

  private boolean isRoot() {
    return host.run(Command.of("id", "-u")).strip().equals("0");
  }
}
