package dev.drp.database;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Throw-away servers in memory. */
public final class FakeDatabaseSandboxes implements DatabaseSandboxes {
  private final Clock clock;
  private final Map<String, FakeDatabaseServer> running = new TreeMap<>();
  private final List<SandboxRequest> requests = new ArrayList<>();
  private final List<RecoveryTarget> targets = new ArrayList<>();
  private BiConsumer<byte[], FakeDatabaseServer> recovery = (tar, server) -> {};
  private List<String> stuck = List.of();
  private boolean sameImage = true;
  private @Nullable RecoveryException failure;

  public FakeDatabaseSandboxes(Clock clock) {
    this.clock = clock;
  }

  /** Makes the next start fail. */
  public synchronized void failNextStart(RecoveryException next) {
    failure = next;
  }

  /** Lets removals leave this behind. */
  public synchronized void leaveBehind(List<String> things) {
    stuck = List.copyOf(things);
  }

  /** Whether servers run the image that was asked for. */
  public synchronized void setSameImage(boolean same) {
    sameImage = same;
  }

  public synchronized List<SandboxRequest> requests() {
    return List.copyOf(requests);
  }

  /** The server that runs for an owner. */
  public synchronized Optional<FakeDatabaseServer> running(String owner) {
    return Optional.ofNullable(running.get(owner));
  }

  @Override
  public synchronized ThrowawayServer start(SandboxRequest request) {
    requests.add(request);
    if (failure != null) {
      RecoveryException toThrow = failure;
      failure = null;
      throw toThrow;
    }
    FakeDatabaseServer server = new FakeDatabaseServer(clock);
    server.roles().clear();
    server.roles().put(request.superuser(), "SUPERUSER LOGIN");
    request.image().ifPresent(server::setImage);
    running.put(request.owner(), server);
    return new Throwaway(request.owner(), server);
  }

  /**
   * What a server is filled with that starts from files; by default it holds nothing.
   *
   * @param content gets the bytes of the files, and the server
   */
  public synchronized void whenStartedFrom(BiConsumer<byte[], FakeDatabaseServer> content) {
    recovery = content;
  }

  /** Where the servers that started from files were to stop, in order. */
  public synchronized List<RecoveryTarget> targets() {
    return List.copyOf(targets);
  }

  @Override
  public synchronized ThrowawayServer startFrom(
      SandboxRequest request, ServerFiles files, RecoveryTarget target, Progress progress) {
    targets.add(target);
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    try {
      files.writeTo(tar);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ThrowawayServer started = start(request);
    recovery.accept(tar.toByteArray(), (FakeDatabaseServer) started.server());
    return started;
  }

  @Override
  public synchronized List<String> removeLeftovers(String owner) {
    running.remove(owner);
    return stuck;
  }

  private final class Throwaway implements ThrowawayServer {
    private final String owner;
    private final FakeDatabaseServer server;

    private Throwaway(String owner, FakeDatabaseServer server) {
      this.owner = owner;
      this.server = server;
    }

    @Override
    public DatabaseServer server() {
      return server;
    }

    @Override
    public String description() {
      return "memory";
    }

    @Override
    public boolean sameImage() {
      return sameImage;
    }

    @Override
    public SqlSession openSession(String database) {
      throw new RecoveryException(
          ErrorCode.DATABASE_FAILED, "a server in memory speaks no SQL", "use FakeDatabaseServer.");
    }

    @Override
    public List<String> remove() {
      server.close();
      return removeLeftovers(owner);
    }
  }
}
