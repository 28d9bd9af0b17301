package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The data directory of a server in a container. Two throw-away containers share its volume: one
 * that looks at files and renames them, and one whose main process is the recovered server.
 */
final class ContainerDataDirectory extends ExchangedDirectory {
  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");
  private static final Duration GRACE = Duration.ofMinutes(2);
  private static final Duration PAUSE = Duration.ofMillis(50);

  /** Who we are, who owns the data directory, and who serves in this image. */
  private static final String ACCOUNTS =
      "id -u; stat -c %u -- \"$1\" 2>/dev/null || echo 0; id -u postgres 2>/dev/null || echo none";

  private static final String MAKE_DIRECTORY =
      """
      set -eu
      mkdir -p "$1"
      if [ "$(id -u)" = 0 ] && [ "$(stat -c %u -- "$1")" = 0 ]; then
        chown postgres "$1"
        chmod 0700 "$1"
      fi
      """;

  private final ContainerRuntime runtime;
  private final CommandRunner host;
  private final Container container;
  private final Container.Mount volume;
  private final Clock clock;
  private @Nullable ThrowawayContainer workshop;
  private boolean root;
  private int majorVersion;
  private @Nullable ExpectedContainer expected;
  private @Nullable ThrowawayContainer server;

  ContainerDataDirectory(
      ContainerRuntime runtime,
      CommandRunner host,
      Container container,
      String directory,
      Container.Mount volume,
      String owner,
      String superuser,
      Clock clock) {
    super(directory, owner, superuser);
    this.runtime = runtime;
    this.host = host;
    this.container = container;
    this.volume = volume;
    this.clock = clock;
  }

  @Override
  public Facts facts() {
    return new Facts(
        "container " + container.name(),
        volume.volume(),
        runtime.container(container.id()).running(),
        systemIdentifier(),
        List.of(majorVersion()),
        Place.freeBytes(runner(), volume.path()));
  }

  private int majorVersion() {
    if (majorVersion == 0) {
      majorVersion = askMajorVersion();
    }
    return majorVersion;
  }

  private int askMajorVersion() {
    CommandRunner runner = runner();
    String version = runner.run(command(List.of("postgres", "--version")));
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.find()) {
      throw new RecoveryException(
          ErrorCode.VERSION_MISMATCH,
          "%s: this is no version of PostgreSQL: %s".formatted(runner.place(), version.strip()),
          "look at the programs there.");
    }
    return Integer.parseInt(matcher.group(1));
  }

  @Override
  boolean isHere() {
    return false;
  }

  @Override
  void makeDirectory() {
    runner().run(Command.of("sh", "-c", MAKE_DIRECTORY, "sh", directory));
  }

  /** Meanwhile the engine makes the container of the server, which takes it 0.6 s. */
  @Override
  void unpack(ServerFiles files, RecoveryFolder into) {
    if (expected == null) {
      String folder = folder();
      expected = new ExpectedContainer(() -> startServer(folder));
    }
    VolumeFolder.find(host, runner(), volume, folder())
        .ifPresentOrElse(here -> into.unpack(files, host, here), () -> into.unpack(files));
  }

  @Override
  ServerFiles.Repaired repairFiles(ServerFiles files, RecoveryFolder in) {
    throw new RecoveryException(
        ErrorCode.REFUSED,
        "container %s: files are repaired in folders of this machine only"
            .formatted(container.name()),
        "restore the server as a whole, beside the live one.");
  }

  @Override
  boolean standsAlone() {
    return false;
  }

  /** They are in the image, or mounted from somewhere that is not known here. */
  @Override
  public Map<Path, Configured> putConfiguration(InputStream tar) {
    Map<Path, Configured> result = new LinkedHashMap<>();
    ConfigurationTar.read(tar).forEach(file -> result.put(file.path(), Configured.NOT_HERE));
    return result;
  }

  @Override
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>(PostgresSandboxes.SETTINGS);
    settings.put("listen_addresses", "127.0.0.1");
    settings.putAll(SYNC_AT_ONCE);
    return settings;
  }

  /** In a container whose main process becomes the server. */
  @Override
  ThrowawayServer serve(Progress progress) {
    String folder = folder();
    int major = majorVersion();
    String ready = folder + "/ready";
    ExpectedContainer early = expected;
    expected = null;
    if (early == null) {
      // In the container that is there already: the new one begins to look for it at once.
      runner().run(command(List.of("rm", "-f", ready)));
    }
    ThrowawayContainer helper = early == null ? startServer(folder) : early.await();
    server = helper;
    return PostgresSandboxes.orNothing(
        helper,
        () -> {
          runner().run(command(List.of("touch", ready)));
          Sessions sessions =
              PostgresSandboxes.sessions(
                  runtime, helper.container(), new Login(superuser, Optional.empty()));
          Supplier<List<String>> log = () -> helper.lastLogLines(PostgresSandboxes.LOG_LINES);
          try (ReplayProgress replay = new ReplayProgress(log, progress)) {
            PostgresSandboxes.awaitRecovery(sessions, () -> runs(helper), log);
          }
          return PostgresSandboxes.served(
              new SandboxRequest(owner, major, Optional.of(container.image()), superuser),
              runtime,
              container.image(),
              helper,
              sessions,
              clock);
        });
  }

  private ThrowawayContainer startServer(String folder) {
    return start(List.of("sh", "-c", PostgresSandboxes.SERVE_ONCE_READY, "sh", folder));
  }

  @Override
  boolean serves() {
    ThrowawayContainer helper = server;
    return helper != null && runs(helper);
  }

  private boolean runs(ThrowawayContainer helper) {
    try {
      return runtime.container(helper.container().id()).running();
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.CONTAINER_NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  @Override
  void endRecovered() {
    ThrowawayContainer helper = server;
    if (helper == null) {
      return;
    }
    String data = folder() + "/data";
    runtime
        .commandsIn(helper.container())
        .run(command(List.of("pg_ctl", "stop", "-m", "fast", "-W", "-D", data)));
    while (runs(helper)) {
      try {
        Thread.sleep(PAUSE.toMillis());
      } catch (InterruptedException e) {
        throw RecoveryException.interrupted("waiting for the recovered server to end", e);
      }
    }
  }

  @Override
  void stopLive() {
    runtime.stop(container, GRACE);
  }

  @Override
  void startLive() {
    runtime.start(container);
  }

  @Override
  public void close() {
    super.close();
    ExpectedContainer early = expected;
    if (early != null) {
      expected = null;
      early.close();
    }
    ThrowawayContainer known = workshop;
    if (known != null) {
      workshop = null;
      known.remove();
    }
  }

  /** In a container that does nothing by itself. */
  @Override
  CommandRunner runner() {
    ThrowawayContainer known = workshop;
    if (known == null) {
      // What was at work when an earlier attempt died must not go on beside this one.
      List<String> left = runtime.removeLeftovers(owner);
      if (!left.isEmpty()) {
        throw new RecoveryException(
            ErrorCode.ENGINE_FAILED,
            "these are still there, from an attempt that died: " + String.join(", ", left),
            "remove them by hand, then go on.");
      }
      known = start(List.of("tail", "-f", "/dev/null"));
      workshop = known;
      root = isRoot(runtime.commandsIn(known.container()));
    }
    return runtime.commandsIn(known.container());
  }

  private ThrowawayContainer start(List<String> arguments) {
    return runtime.startThrowaway(
        new ThrowawayRequest(
                owner,
                container.image().id(),
                Map.of(),
                arguments,
                OptionalLong.empty(),
                OptionalLong.of(PostgresSandboxes.SHARED_MEMORY))
            .withVolumesOf(container));
  }

  /** The server's account is the one of the image. */
  @Override
  Command command(List<String> line) {
    return root ? Command.of(line).asUser(PostgresSandboxes.SERVER_ACCOUNT) : Command.of(line);
  }

  /** Whether programs are root there, unless they say otherwise. */
  private boolean isRoot(CommandRunner runner) {
    String[] accounts =
        runner.run(Command.of("sh", "-c", ACCOUNTS, "sh", directory)).strip().split("\n", -1);
    boolean isRoot = accounts[0].equals("0");
    boolean ours = accounts[1].equals("0") || accounts[1].equals(accounts[isRoot ? 2 : 0]);
    if (!ours) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: the data directory %s belongs to account %s, the image's server runs as %s"
              .formatted(
                  "container " + container.name(),
                  directory,
                  accounts[1],
                  accounts[isRoot ? 2 : 0]),
          "run the service without an account of its own; or restore by hand, as the README.md of"
              + " the physical backup tells.");
    }
    return isRoot;
  }
}
