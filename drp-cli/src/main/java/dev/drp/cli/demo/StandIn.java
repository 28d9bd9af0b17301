package dev.drp.cli.demo;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DataDirectories;
import dev.drp.database.DataDirectory;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.ThrowawayServer;
import dev.drp.plan.Environment;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A new machine with nothing on it, in the place of the one that was lost: the server that recovers
 * there is the one that serves. There is nothing to exchange and nothing to go back to.
 */
final class StandIn implements DataDirectories, DatabaseConnector, DataDirectory {
  private final DemoServers servers;
  private @Nullable ThrowawayServer server;
  private State state = State.NOTHING;

  StandIn(DemoServers servers) {
    this.servers = servers;
  }

  /** Removes the server; no effect where there is none. */
  void remove() {
    ThrowawayServer known = server;
    if (known != null) {
      known.remove();
    }
  }

  @Override
  public DataDirectory open(Environment environment, String owner) {
    return this;
  }

  @Override
  public DataDirectory openFolder(Environment environment, Path folder, String owner) {
    throw new UnsupportedOperationException("the demo restores into no folder");
  }

  @Override
  public Optional<Path> liveDirectory(Environment environment) {
    return Optional.empty();
  }

  @Override
  public DatabaseServer connect(Environment environment) {
    ThrowawayServer known = server;
    if (known == null) {
      throw new RecoveryException(
          ErrorCode.DATABASE_UNAVAILABLE, "the server is gone", "that is what this is about.");
    }
    return new BorrowedServer(known.server());
  }

  @Override
  public Facts facts() {
    return new Facts(
        "a new machine",
        "empty",
        server != null,
        Optional.empty(),
        List.of(servers.majorVersion()),
        OptionalLong.empty());
  }

  @Override
  public State state() {
    return state;
  }

  @Override
  public boolean isEmpty() {
    return server == null;
  }

  @Override
  public ThrowawayServer recover(ServerFiles files, RecoveryTarget target, Progress progress) {
    ThrowawayServer started =
        servers
            .sandboxes()
            .startFrom(
                new SandboxRequest(
                    "demo-recovery",
                    servers.majorVersion(),
                    servers.image(),
                    DemoServers.SUPERUSER),
                files,
                target,
                progress);
    server = started;
    state = State.RECOVERED;
    return started;
  }

  @Override
  public ThrowawayServer repair(
      ServerFiles files,
      RecoveryTarget target,
      Progress progress,
      Consumer<ServerFiles.Repaired> repaired) {
    throw new UnsupportedOperationException("there is nothing here to repair");
  }

  @Override
  public void putBack() {}

  @Override
  public ThrowawayServer recovered() {
    ThrowawayServer known = server;
    if (known == null) {
      throw new IllegalStateException("nothing was recovered");
    }
    return known;
  }

  @Override
  public void seal() {
    state = State.READY;
  }

  @Override
  public Map<Path, Configured> putConfiguration(InputStream tar) {
    return Map.of();
  }

  @Override
  public void switchTo() {
    state = State.SWITCHED;
  }

  @Override
  public void switchBack() {
    state = State.READY;
  }

  @Override
  public void drop() {
    remove();
    state = State.NOTHING;
  }

  /** The server goes on: it is what was recovered. */
  @Override
  public void close() {}
}
