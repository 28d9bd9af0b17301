package dev.drp.database;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.plan.Environment;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The data directory of one server in memory: exchanging its files exchanges the server. What is in
 * it outlives those who open it.
 */
public final class FakeDataDirectory implements DataDirectories {
  private final FakeDatabaseSandboxes sandboxes;
  private final Supplier<FakeDatabaseServer> live;
  private final Consumer<FakeDatabaseServer> start;
  private final List<String> calls = new ArrayList<>();
  private Optional<Path> liveDirectory = Optional.empty();
  private final Set<Path> filled = new HashSet<>();
  private DataDirectory.State state = DataDirectory.State.NOTHING;
  private @Nullable FakeDatabaseServer beside;
  private @Nullable RecoveryException failure;
  private int majorVersion = 15;
  private long freeBytes = 1L << 40;
  private boolean empty;

  /**
   * @param sandboxes start the servers that recover
   * @param live the server that the environment is reached at
   * @param start makes another server the live one
   */
  public FakeDataDirectory(
      FakeDatabaseSandboxes sandboxes,
      Supplier<FakeDatabaseServer> live,
      Consumer<FakeDatabaseServer> start) {
    this.sandboxes = sandboxes;
    this.live = live;
    this.start = start;
  }

  public DataDirectory.State state() {
    return state;
  }

  /** What is kept beside the live server. */
  public Optional<FakeDatabaseServer> beside() {
    return Optional.ofNullable(beside);
  }

  /** Folders beside the live server's that are data directories now. */
  public Set<Path> filled() {
    return Set.copyOf(filled);
  }

  /** Calls that changed something, in order. */
  public List<String> calls() {
    return List.copyOf(calls);
  }

  /** Makes the next exchange fail in its middle. */
  public void failInTheMiddle(RecoveryException next) {
    failure = next;
  }

  public void setMajorVersion(int version) {
    majorVersion = version;
  }

  public void setFreeBytes(long bytes) {
    freeBytes = bytes;
  }

  /** As if the volume were lost. */
  public void lose() {
    empty = true;
  }

  @Override
  public DataDirectory open(Environment environment, String owner) {
    return new Opened(owner, Optional.empty());
  }

  @Override
  public DataDirectory openFolder(Environment environment, Path folder, String owner) {
    return new Opened(owner, Optional.of(folder));
  }

  @Override
  public Optional<Path> liveDirectory(Environment environment) {
    return liveDirectory;
  }

  /** Makes a folder one with files of the live server, in which nothing runs. */
  public void fill(Path folder) {
    filled.add(folder);
  }

  public void setLiveDirectory(Path directory) {
    liveDirectory = Optional.of(directory);
  }

  private final class Opened implements DataDirectory {
    private final String owner;
    private final Optional<Path> folder;
    private @Nullable ThrowawayServer recovered;

    private Opened(String owner, Optional<Path> folder) {
      this.owner = owner;
      this.folder = folder;
    }

    @Override
    public Facts facts() {
      return new Facts(
          "container memory",
          folder.map(Path::toString).orElse("volume"),
          folder.isEmpty(),
          isEmpty() ? Optional.empty() : Optional.of(live.get().facts().systemIdentifier()),
          List.of(majorVersion),
          OptionalLong.of(freeBytes));
    }

    @Override
    public State state() {
      return state;
    }

    @Override
    public boolean isEmpty() {
      return folder.map(it -> !filled.contains(it)).orElse(empty);
    }

    @Override
    public Map<Path, Configured> putConfiguration(InputStream tar) {
      calls.add("putConfiguration");
      return Map.of(Path.of("/etc/postgresql.conf"), Configured.RESTORED);
    }

    @Override
    public ThrowawayServer recover(ServerFiles files, RecoveryTarget target, Progress progress) {
      calls.add("recover");
      ThrowawayServer started =
          sandboxes.startFrom(
              new SandboxRequest(owner, majorVersion, Optional.empty(), "owner"),
              files,
              target,
              progress);
      recovered = started;
      beside = (FakeDatabaseServer) started.server();
      state = State.RECOVERED;
      return started;
    }

    @Override
    public ThrowawayServer repair(
        ServerFiles files,
        RecoveryTarget target,
        Progress progress,
        Consumer<ServerFiles.Repaired> repaired) {
      repaired.accept(new ServerFiles.Repaired(1, 1, 0));
      ThrowawayServer server = recover(files, target, progress);
      calls.set(calls.size() - 1, "repair");
      return server;
    }

    @Override
    public void putBack() {
      calls.add("putBack");
      close();
      state = State.NOTHING;
    }

    @Override
    public ThrowawayServer recovered() {
      if (state != State.RECOVERED) {
        throw refused("there is no recovered server");
      }
      ThrowawayServer known = recovered;
      if (known == null) {
        calls.add("start recovered");
        FakeDatabaseServer again = beside;
        known = sandboxes.start(new SandboxRequest(owner, majorVersion, Optional.empty(), "owner"));
        recovered = new Again(known, again == null ? live.get() : again);
        return recovered;
      }
      return known;
    }

    @Override
    public void seal() {
      calls.add("seal");
      if (state == State.RECOVERED) {
        close();
        state = State.READY;
      }
    }

    @Override
    public void switchTo() {
      calls.add("switchTo");
      if (folder.isPresent()) {
        filled.add(folder.get());
        state = State.SWITCHED;
        return;
      }
      exchange(State.SWITCHED);
    }

    @Override
    public void switchBack() {
      if (empty) {
        throw refused("nothing was replaced");
      }
      calls.add("switchBack");
      exchange(State.READY);
    }

    private void exchange(State wanted) {
      RecoveryException toThrow = failure;
      failure = null;
      boolean exchanged = state == State.READY || state == State.SWITCHED;
      if (state == State.NOTHING || state == State.RECOVERED) {
        throw refused("the files are not ready");
      }
      if (toThrow != null) {
        state = State.BETWEEN;
        throw toThrow;
      }
      if (exchanged ? state != wanted : wanted == State.SWITCHED) {
        FakeDatabaseServer other = beside;
        beside = live.get();
        if (other != null) {
          start.accept(other);
        }
      }
      state = wanted;
    }

    @Override
    public void drop() {
      if (state == State.BETWEEN) {
        throw refused("they are on their way");
      }
      calls.add("drop");
      close();
      beside = null;
      state = State.NOTHING;
    }

    @Override
    public void close() {
      recovered = null;
      sandboxes.removeLeftovers(owner);
    }

    private static RecoveryException refused(String problem) {
      return new RecoveryException(ErrorCode.REFUSED, problem, "look at it.");
    }
  }

  /** The recovered server, started another time. */
  private record Again(ThrowawayServer started, FakeDatabaseServer content)
      implements ThrowawayServer {
    @Override
    public DatabaseServer server() {
      return content;
    }

    @Override
    public String description() {
      return started.description();
    }

    @Override
    public boolean sameImage() {
      return started.sameImage();
    }

    @Override
    public SqlSession openSession(String database) {
      return started.openSession(database);
    }

    @Override
    public List<String> remove() {
      return started.remove();
    }
  }
}
