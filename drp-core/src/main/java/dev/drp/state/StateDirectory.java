package dev.drp.state;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What this machine remembers between runs, for its user only: locks, executions, a copy of the
 * catalog, who it is to the storages. Safe for concurrent use, also by several processes.
 *
 * <p>Nothing in it is needed to restore: it can be lost, and the storages still tell everything.
 */
public final class StateDirectory {
  private static final Pattern WRITER = Pattern.compile("[0-9a-f]{16}");

  private final Path root;
  private final Clock clock;

  private StateDirectory(Path root, Clock clock) {
    this.root = root;
    this.clock = clock;
  }

  /**
   * Opens a state directory, and creates it if it is missing.
   *
   * @throws RecoveryException with LOCAL_FILE when it cannot be used
   */
  public static StateDirectory open(Path root, Clock clock) {
    requireNonNull(clock, "clock");
    Path absolute = root.toAbsolutePath().normalize();
    try {
      DurableFile.createFolders(absolute);
      if (!Files.isWritable(absolute)) {
        throw new IOException("not writable for this user");
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot use the state directory %s: %s".formatted(absolute, e),
          "name another state directory, or let this user write that one.",
          e);
    }
    return new StateDirectory(absolute, clock);
  }

  /**
   * Where it is unless another place is given: {@code /var/lib/drp} for root, else {@code drp} in
   * the XDG state folder.
   *
   * @param variables the environment variables of this process
   */
  public static Path defaultPath(Map<String, String> variables) {
    return defaultPath(variables, isRoot());
  }

  static Path defaultPath(Map<String, String> variables, boolean root) {
    if (root) {
      return Path.of("/var/lib/drp");
    }
    Optional<Path> xdg =
        Optional.ofNullable(variables.get("XDG_STATE_HOME")).map(Path::of).filter(Path::isAbsolute);
    return xdg.orElseGet(
            () ->
                Path.of(
                    variables.getOrDefault("HOME", System.getProperty("user.home")),
                    ".local",
                    "state"))
        .resolve("drp");
  }

  public Path root() {
    return root;
  }

  /** The folder for journals of executions; it exists. */
  public Path executions() {
    return folder(root.resolve("executions"));
  }

  /** What is remembered of one environment of an application; the names may hold anything. */
  public EnvironmentState environment(String application, String environment) {
    Path folder =
        root.resolve("environments")
            .resolve(FileName.encode(application))
            .resolve(FileName.encode(environment));
    return new EnvironmentState(folder(folder), environment, clock);
  }

  /** Who we are to the storages; drawn at the first call and kept. */
  public WriterId writer() {
    Path file = root.resolve("writer");
    String id = readWriter(file).orElseGet(() -> drawWriter(file));
    return new WriterId(id, host());
  }

  /** Name of this machine, for messages and records. */
  public static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }

  private static String drawWriter(Path file) {
    byte[] random = new byte[8];
    new SecureRandom().nextBytes(random);
    String id = HexFormat.of().formatHex(random);
    Path drawn = file.resolveSibling("writer." + id);
    DurableFile.write(drawn, id.getBytes(StandardCharsets.UTF_8));
    try {
      Files.createLink(file, drawn); // two processes at once: the first wins, both use its id
    } catch (FileAlreadyExistsException e) {
      return readWriter(file).orElseThrow(() -> DurableFile.failed("read", file, e));
    } catch (IOException e) {
      throw DurableFile.failed("write", file, e);
    } finally {
      DurableFile.delete(drawn);
    }
    return id;
  }

  private static Optional<String> readWriter(Path file) {
    try {
      String id = Files.readString(file, StandardCharsets.UTF_8).strip();
      if (!WRITER.matcher(id).matches()) {
        throw new RecoveryException(
            ErrorCode.LOCAL_FILE,
            "%s is damaged: it does not hold a writer's id".formatted(file),
            "remove it and take over the environment's backups with a new id.");
      }
      return Optional.of(id);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw DurableFile.failed("read", file, e);
    }
  }

  private static Path folder(Path folder) {
    try {
      DurableFile.createFolders(folder);
      return folder;
    } catch (IOException e) {
      throw DurableFile.failed("create", folder, e);
    }
  }

  private static boolean isRoot() {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return "root".equals(System.getProperty("user.name"));
    }
  }
}
