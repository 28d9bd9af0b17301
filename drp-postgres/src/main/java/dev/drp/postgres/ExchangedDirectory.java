package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectory;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.ServerFiles;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is the same wherever a data directory is: files are recovered in a folder inside of it, and
 * exchanged with the live ones.
 */
abstract class ExchangedDirectory implements DataDirectory {
  /** Before it replays, a server syncs its files; one call does for all of them. */
  static final Map<String, String> SYNC_AT_ONCE = Map.of("recovery_init_sync_method", "syncfs");

  private static final String SYSTEM_IDENTIFIER =
      """
      [ -e "$1/global/pg_control" ] || exit 0
      control=$(LC_ALL=C pg_controldata -D "$1") || exit
      printf '%s\n' "$control" | sed -n 's/^Database system identifier: *//p'
      """;

  final String directory;
  final String owner;
  final String superuser;
  private @Nullable ThrowawayServer recovered;

  ExchangedDirectory(String directory, String owner, String superuser) {
    this.directory = directory;
    this.owner = owner;
    this.superuser = superuser;
  }

  /** Runs programs beside the data. */
  abstract CommandRunner runner();

  /** Makes what is to run one that runs as the server's account, and finds its programs. */
  abstract Command command(List<String> line);

  /** Whether it is a folder of this machine, which we may look into. */
  abstract boolean isHere();

  /** Makes the data directory where it is missing. */
  abstract void makeDirectory();

  /** Unpacks everything, but so that no server starts from it yet. */
  abstract void unpack(ServerFiles files, RecoveryFolder into);

  /** Rewrites what differs, but so that no server starts from it yet. */
  abstract ServerFiles.Repaired repairFiles(ServerFiles files, RecoveryFolder in);

  /** Whether the files have to do without configuration from elsewhere. */
  abstract boolean standsAlone();

  /** Settings of this place for the server that recovers. */
  abstract Map<String, String> settings();

  /** Starts a server on {@link #folder}{@code /data}, and waits until it has recovered. */
  abstract ThrowawayServer serve(Progress progress);

  /** Whether the server runs that was started last. */
  abstract boolean serves();

  /** Ends it cleanly. */
  abstract void endRecovered();

  /** Stops the live server. No effect on one that does not run. */
  abstract void stopLive();

  /** Starts the live server. No effect on one that runs. */
  abstract void startLive();

  final ExchangedFiles exchanged() {
    CommandRunner runner = runner(); // first: by it, commands become known
    return new ExchangedFiles(runner, this::command, directory, isHere(), owner);
  }

  final String folder() {
    return exchanged().folder();
  }

  final Optional<String> systemIdentifier() {
    CommandRunner runner = runner();
    return Optional.of(
            runner.run(command(List.of("sh", "-c", SYSTEM_IDENTIFIER, "sh", directory))).strip())
        .filter(it -> !it.isEmpty());
  }

  @Override
  public State state() {
    return exchanged().state();
  }

  @Override
  public boolean isEmpty() {
    CommandRunner runner = runner();
    String ours = FOLDER + owner;
    return runner
        .run(command(List.of("ls", "-A", "--", directory)))
        .lines()
        .allMatch(name -> name.equals(ours) || name.equals("lost+found"));
  }

  @Override
  public ThrowawayServer recover(ServerFiles files, RecoveryTarget target, Progress progress) {
    removeServer();
    makeDirectory();
    ExchangedFiles exchanged = exchanged();
    State state = exchanged.state();
    if (state != State.NOTHING && state != State.RECOVERED) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: the files in %s are needed".formatted(runner().place(), exchanged.folder()),
          "finish what was begun with them, or take it back.");
    }
    exchanged.renew();
    RecoveryFolder folder = recoveryFolder();
    unpack(files, folder);
    return recover(folder, target, progress);
  }

  private RecoveryFolder recoveryFolder() {
    return new RecoveryFolder(runner(), this::command, folder(), "", true);
  }

  private ThrowawayServer recover(RecoveryFolder folder, RecoveryTarget target, Progress progress) {
    folder.prepare(target, superuser, settings());
    ThrowawayServer server = serve(progress);
    exchanged().noteRecovered();
    recovered = server;
    return server;
  }

  @Override
  public ThrowawayServer repair(
      ServerFiles files,
      RecoveryTarget target,
      Progress progress,
      Consumer<ServerFiles.Repaired> repaired) {
    removeServer();
    stopLive();
    exchanged().take();
    RecoveryFolder folder = recoveryFolder();
    repaired.accept(repairFiles(files, folder));
    return recover(folder, target, progress);
  }

  @Override
  public void putBack() {
    removeServer();
    if (state() != State.NOTHING) {
      exchanged().putRestored();
      exchanged().drop();
    }
  }

  @Override
  public ThrowawayServer recovered() {
    ThrowawayServer known = recovered;
    if (known != null && serves()) {
      return known;
    }
    if (state() != State.RECOVERED) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: %s holds no server that has recovered and was not stopped"
              .formatted(runner().place(), folder()),
          "restore the files first.");
    }
    removeServer();
    ThrowawayServer server = serve(Progress.SILENT);
    recovered = server;
    return server;
  }

  @Override
  public void seal() {
    ExchangedFiles exchanged = exchanged();
    if (exchanged.state() == State.RECOVERED) {
      // One that was killed recovers first: only then can it be stopped cleanly.
      recovered().server().close();
      endRecovered();
      removeServer();
    }
    exchanged.seal(standsAlone());
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
      stopLive();
      try {
        renames.run();
      } catch (RecoveryException e) {
        startUnlessBetween(e);
        throw e;
      }
    }
    startLive();
  }

  private void startUnlessBetween(RecoveryException failure) {
    try {
      if (state() != State.BETWEEN) {
        startLive();
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
  }

  private void removeServer() {
    ThrowawayServer known = recovered;
    if (known != null) {
      recovered = null;
      known.remove();
    }
  }
}
