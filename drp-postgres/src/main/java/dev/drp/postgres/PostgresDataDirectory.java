package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectory;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The data directory of a server in a container. Two throw-away containers share its volume: one
 * that looks at files and renames them, and one whose main process is the recovered server.
 */
final class PostgresDataDirectory implements DataDirectory {
  private static final Duration GRACE = Duration.ofMinutes(2);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");

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

  private static final String SYSTEM_IDENTIFIER =
      "[ ! -e \"$1/global/pg_control\" ] || LC_ALL=C pg_controldata -D \"$1\""
          + " | sed -n 's/^Database system identifier: *//p'";

  private final ContainerRuntime runtime;
  private final Container container;
  private final String directory;
  private final Container.Mount volume;
  private final String owner;
  private final String superuser;
  private final Clock clock;
  private @Nullable ThrowawayContainer workshop;
  private Function<List<String>, Command> commands = Command::of;
  private @Nullable Recovered recovered;

  /** The recovered server and its container. */
  private record Recovered(ThrowawayContainer container, ThrowawayServer server) {}

  PostgresDataDirectory(
      ContainerRuntime runtime,
      Container container,
      String directory,
      Container.Mount volume,
      String owner,
      String superuser,
      Clock clock) {
    this.runtime = runtime;
    this.container = container;
    this.directory = directory;
    this.volume = volume;
    this.owner = owner;
    this.superuser = superuser;
    this.clock = clock;
  }

  @Override
  public Facts facts() {
    CommandRunner runner = workshop();
    String identifier =
        runner.run(commands.apply(List.of("sh", "-c", SYSTEM_IDENTIFIER, "sh", directory))).strip();
    return new Facts(
        "container " + container.name(),
        volume.volume(),
        runtime.container(container.id()).running(),
        Optional.of(identifier).filter(it -> !it.isEmpty()),
        majorVersion(),
        Place.freeBytes(runner, volume.path()));
  }

  private int majorVersion() {
    CommandRunner runner = workshop();
    String version = runner.run(Command.of("postgres", "--version"));
    Matcher matcher = VERSION.matcher(version);
    if (!matcher.find()) {
      throw new RecoveryException(
          ErrorCode.VERSION_MISMATCH,
          "%s: this is no version of PostgreSQL: %s".formatted(runner.place(), version.strip()),
          "look at the image of container %s.".formatted(container.name()));
    }
    return Integer.parseInt(matcher.group(1));
  }

  @Override
  public State state() {
    return exchanged().state();
  }

  @Override
  public ThrowawayServer recover(ServerFiles files, RecoveryTarget target, Progress progress) {
    ExchangedFiles exchanged = exchanged();
    State state = exchanged.state();
    if (state != State.NOTHING && state != State.RECOVERED) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: the files in %s are needed".formatted(workshop().place(), exchanged.folder()),
          "finish what was begun with them, or take it back.");
    }
    removeServer();
    exchanged.drop();
    workshop().run(Command.of("sh", "-c", MAKE_DIRECTORY, "sh", directory));
    return serve(
        progress,
        (runner, folder) -> {
          runner.run(commands.apply(List.of("mkdir", folder)));
          RecoveryFolder recovery = new RecoveryFolder(runner, commands, folder, "", true);
          recovery.unpack(files);
          Map<String, String> settings = new LinkedHashMap<>(PostgresSandboxes.SETTINGS);
          settings.put("listen_addresses", "127.0.0.1");
          recovery.prepare(target, superuser, settings);
        });
  }

  @Override
  public ThrowawayServer recovered() {
    Recovered known = recovered;
    if (known != null && runs(known.container)) {
      return known.server;
    }
    ExchangedFiles exchanged = exchanged();
    if (exchanged.state() != State.RECOVERED) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: %s holds no server that has recovered and was not stopped"
              .formatted(workshop().place(), exchanged.folder()),
          "restore the files first.");
    }
    removeServer();
    return serve(
        Progress.SILENT,
        (runner, folder) -> runner.run(commands.apply(List.of("rm", "-f", folder + "/ready"))));
  }

  /** Starts a container whose main process becomes the server once the files are prepared. */
  private ThrowawayServer serve(Progress progress, BiConsumer<CommandRunner, String> prepare) {
    String folder = exchanged().folder();
    int major = majorVersion();
    // In the container that is there already: the new one begins to look for "ready" at once.
    prepare.accept(workshop(), folder);
    ThrowawayContainer helper =
        start(List.of("sh", "-c", PostgresSandboxes.SERVE_ONCE_READY, "sh", folder));
    ThrowawayServer server =
        PostgresSandboxes.orNothing(
            helper,
            () -> {
              workshop().run(commands.apply(List.of("touch", folder + "/ready")));
              Sessions sessions =
                  PostgresSandboxes.sessions(
                      runtime, helper.container(), new Login(superuser, Optional.empty()));
              awaitServer(helper, sessions, progress);
              exchanged().noteRecovered();
              return PostgresSandboxes.served(
                  new SandboxRequest(owner, major, Optional.of(container.image()), superuser),
                  runtime,
                  container.image(),
                  helper,
                  sessions,
                  clock);
            });
    recovered = new Recovered(helper, server);
    return server;
  }

  private void awaitServer(ThrowawayContainer helper, Sessions sessions, Progress progress) {
    Supplier<List<String>> log = () -> helper.lastLogLines(PostgresSandboxes.LOG_LINES);
    try (ReplayProgress replay = new ReplayProgress(log, progress)) {
      PostgresSandboxes.awaitRecovery(sessions, () -> runs(helper), log);
    }
  }

  private boolean runs(ThrowawayContainer helper) {
    String id = helper.container().id();
    return runtime.containers().stream().anyMatch(it -> it.id().equals(id) && it.running());
  }

  @Override
  public void seal() {
    ExchangedFiles exchanged = exchanged();
    if (exchanged.state() == State.RECOVERED) {
      // One that was killed recovers first: only then can it be stopped cleanly.
      recovered();
      stopServer();
    }
    exchanged.seal();
  }

  private void stopServer() {
    Recovered server = recovered;
    if (server == null) {
      return;
    }
    server.server.server().close();
    String data = exchanged().folder() + "/data";
    runtime
        .commandsIn(server.container.container())
        .run(commands.apply(List.of("pg_ctl", "stop", "-m", "fast", "-W", "-D", data)));
    while (runs(server.container)) {
      try {
        Thread.sleep(PAUSE.toMillis());
      } catch (InterruptedException e) {
        throw RecoveryException.interrupted("waiting for the recovered server to end", e);
      }
    }
    removeServer();
  }

  @Override
  public void switchTo() {
    exchange(State.SWITCHED, exchanged()::putRestored);
  }

  @Override
  public void switchBack() {
    exchange(State.READY, exchanged()::putReplaced);
  }

  private void exchange(State wanted, Runnable renames) {
    if (state() != wanted) {
      removeServer();
      runtime.stop(container, GRACE);
      try {
        renames.run();
      } catch (RecoveryException e) {
        startUnlessBetween(e);
        throw e;
      }
    }
    runtime.start(container);
  }

  private void startUnlessBetween(RecoveryException failure) {
    try {
      if (state() != State.BETWEEN) {
        runtime.start(container);
      }
    } catch (RecoveryException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public void drop() {
    removeServer();
    exchanged().drop();
  }

  @Override
  public void close() {
    removeServer();
    ThrowawayContainer known = workshop;
    if (known != null) {
      workshop = null;
      known.remove();
    }
  }

  private void removeServer() {
    Recovered known = recovered;
    if (known != null) {
      recovered = null;
      known.server.remove();
    }
  }

  private ExchangedFiles exchanged() {
    CommandRunner runner = workshop();
    return new ExchangedFiles(runner, commands, directory, owner);
  }

  /** Runs programs beside the data, in a container that does nothing by itself. */
  private CommandRunner workshop() {
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
      commands = commandsOf(runtime.commandsIn(known.container()));
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

  /** How programs run as the server's account: the one of the image. */
  private Function<List<String>, Command> commandsOf(CommandRunner runner) {
    String[] accounts =
        runner.run(Command.of("sh", "-c", ACCOUNTS, "sh", directory)).strip().split("\n", -1);
    boolean root = accounts[0].equals("0");
    boolean ours = accounts[1].equals("0") || accounts[1].equals(accounts[root ? 2 : 0]);
    if (!ours) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: the data directory %s belongs to account %s, the image's server runs as %s"
              .formatted(
                  "container " + container.name(), directory, accounts[1], accounts[root ? 2 : 0]),
          "run the service without an account of its own; or restore by hand, as the README.md of"
              + " the physical backup tells.");
    }
    return line ->
        root ? Command.of(line).asUser(PostgresSandboxes.SERVER_ACCOUNT) : Command.of(line);
  }
}
