package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.database.DatabaseSandboxes;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.SqlSession;
import dev.drp.database.ThrowawayServer;
import dev.drp.plan.SchemaVersion;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.ImageIdentity;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Throw-away PostgreSQL servers: a container of the wanted image where there is one, else a server
 * of this machine's PostgreSQL programs of the same major version. What they hold is never served
 * and ends with them.
 */
public final class PostgresSandboxes implements DatabaseSandboxes {
  /**
   * For both kinds. Durability is that of a server that serves: a drill measures a restore that
   * relaxes it, syncs and restarts as one in earnest does.
   */
  static final Map<String, String> SETTINGS = Map.of("shared_buffers", "256MB");

  private static final int PORT = 5432;
  static final long SHARED_MEMORY = 512L << 20;
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final long PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 1000;
  static final int LOG_LINES = 20;

  /** The account that the images of PostgreSQL have for the server. */
  static final String SERVER_ACCOUNT = "postgres";

  /** Makes the folder for files, and prints who we are there and where it is. */
  private static final String MAKE_FOLDER =
      """
      set -eu
      data=${PGDATA:-/var/lib/postgresql/data}
      mkdir -p "$data/drp"
      [ "$(id -u)" != 0 ] || chown postgres "$data" "$data/drp"
      echo "$(id -u) $data/drp"
      """;

  /**
   * Serves {@code data} in the folder that is the first argument, once {@code ready} is there, too.
   * The server's programs refuse root, and each image has its own way to leave it.
   */
  static final String SERVE_ONCE_READY =
      """
      folder=${1:-${PGDATA:-/var/lib/postgresql/data}/drp}
      set --
      until [ -e "$folder/ready" ]; do sleep 0.1; done
      if [ "$(id -u)" = 0 ]; then
        if command -v gosu >/dev/null; then set -- gosu postgres
        elif command -v su-exec >/dev/null; then set -- su-exec postgres
        else set -- setpriv --reuid=postgres --regid=postgres --init-groups
        fi
      fi
      exec "$@" postgres -D "$folder/data"
      """;

  private final Supplier<ContainerRuntime> engine;
  private final CommandRunner host;
  private final Clock clock;
  private final Path folder;

  /**
   * @param engine the container engine; never closed here. Where there is none, it or what it gives
   *     may throw ENGINE_UNAVAILABLE.
   * @param host runs programs on this machine
   */
  public PostgresSandboxes(Supplier<ContainerRuntime> engine, CommandRunner host, Clock clock) {
    this(engine, host, clock, defaultFolder());
  }

  PostgresSandboxes(
      Supplier<ContainerRuntime> engine, CommandRunner host, Clock clock, Path folder) {
    this.engine = engine;
    this.host = host;
    this.clock = clock;
    this.folder = folder;
  }

  /** Not /tmp, which is in memory on many machines, while a database may be large. */
  static Path defaultFolder() {
    Path large = Path.of("/var/tmp");
    return Files.isWritable(large) ? large : Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
  }

  @Override
  public ThrowawayServer start(SandboxRequest request) {
    return request
        .image()
        .flatMap(image -> withEngine(runtime -> find(runtime, image)).flatMap(it -> it))
        .<ThrowawayServer>map(image -> inContainer(request, engine.get(), image))
        .orElseGet(() -> LocalSandbox.empty(host, folder, request, clock));
  }

  @Override
  public ThrowawayServer startFrom(
      SandboxRequest request, ServerFiles files, RecoveryTarget target, Progress progress) {
    return request
        .image()
        .flatMap(image -> withEngine(runtime -> find(runtime, image)).flatMap(it -> it))
        .<ThrowawayServer>map(
            image -> recoveredInContainer(request, engine.get(), image, files, target, progress))
        .orElseGet(
            () -> LocalSandbox.recovered(host, folder, request, clock, files, target, progress));
  }

  /** Empty where this machine has no engine that answers. */
  private <T> Optional<T> withEngine(Function<ContainerRuntime, T> question) {
    try {
      return Optional.of(question.apply(engine.get()));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.ENGINE_UNAVAILABLE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The same image by its id, or by what a registry calls it; else what its name means now. */
  private static Optional<ImageIdentity> find(ContainerRuntime runtime, ImageIdentity wanted) {
    List<String> references = new ArrayList<>();
    references.add(wanted.id());
    references.addAll(wanted.repositoryDigests());
    references.add(wanted.reference());
    // Found by its content, it still goes by the name that people know it by.
    return references.stream()
        .map(runtime::image)
        .flatMap(Optional::stream)
        .map(
            found ->
                found.id().equals(wanted.id())
                    ? new ImageIdentity(wanted.reference(), found.id(), found.repositoryDigests())
                    : found)
        .findFirst();
  }

  private static boolean same(ImageIdentity image, ImageIdentity wanted) {
    return image.id().equals(wanted.id())
        || image.repositoryDigests().stream().anyMatch(wanted.repositoryDigests()::contains);
  }

  private ThrowawayServer inContainer(
      SandboxRequest request, ContainerRuntime runtime, ImageIdentity image) {
    Secret password = new Secret(randomText());
    List<String> arguments = new ArrayList<>(List.of("postgres"));
    SETTINGS.forEach((name, value) -> arguments.addAll(List.of("-c", name + "=" + value)));
    ThrowawayContainer throwaway =
        runtime.startThrowaway(
            new ThrowawayRequest(
                request.owner(),
                image.id(),
                Map.of(
                    "POSTGRES_USER", new Secret(request.superuser()),
                    "POSTGRES_PASSWORD", password,
                    "POSTGRES_DB", new Secret("postgres"),
                    "POSTGRES_INITDB_ARGS", new Secret("--no-sync")),
                arguments,
                OptionalLong.empty(),
                OptionalLong.of(SHARED_MEMORY)));
    Login login = new Login(request.superuser(), Optional.of(password));
    return orNothing(
        throwaway,
        () -> {
          Sessions sessions = sessions(runtime, throwaway.container(), login);
          await(sessions, () -> throwaway.lastLogLines(LOG_LINES));
          return served(request, runtime, image, throwaway, sessions, clock);
        });
  }

  /**
   * The container waits, without the image's own way to initialise a server, until the files are
   * where they belong; then its main process becomes the server.
   */
  private ThrowawayServer recoveredInContainer(
      SandboxRequest request,
      ContainerRuntime runtime,
      ImageIdentity image,
      ServerFiles files,
      RecoveryTarget target,
      Progress progress) {
    ThrowawayContainer throwaway =
        runtime.startThrowaway(
            new ThrowawayRequest(
                request.owner(),
                image.id(),
                Map.of(),
                List.of("sh", "-c", SERVE_ONCE_READY, "sh"),
                OptionalLong.empty(),
                OptionalLong.of(SHARED_MEMORY)));
    return orNothing(
        throwaway,
        () -> {
          Container container = throwaway.container();
          Supplier<List<String>> log = () -> throwaway.lastLogLines(LOG_LINES);
          recover(runtime.commandsIn(container), request, files, target);
          Sessions sessions =
              sessions(runtime, container, new Login(request.superuser(), Optional.empty()));
          try (ReplayProgress replay = new ReplayProgress(log, progress)) {
            awaitRecovery(sessions, () -> runtime.container(container.id()).running(), log);
          }
          return served(request, runtime, image, throwaway, sessions, clock);
        });
  }

  private static void recover(
      CommandRunner runner, SandboxRequest request, ServerFiles files, RecoveryTarget target) {
    String[] answer = runner.run(Command.of("sh", "-c", MAKE_FOLDER)).strip().split(" ", 2);
    boolean root = answer[0].equals("0");
    Function<List<String>, Command> commands =
        line -> root ? Command.of(line).asUser(SERVER_ACCOUNT) : Command.of(line);
    RecoveryFolder recovery = new RecoveryFolder(runner, commands, answer[1], "", true);
    recovery.unpack(files);
    Map<String, String> settings = new LinkedHashMap<>(SETTINGS);
    settings.put("listen_addresses", "127.0.0.1");
    recovery.prepare(target, request.superuser(), settings);
    runner.run(commands.apply(List.of("touch", answer[1] + "/ready")));
  }

  static ThrowawayServer orNothing(ThrowawayContainer throwaway, Supplier<ThrowawayServer> start) {
    try {
      return start.get();
    } catch (RecoveryException e) {
      throwaway.remove();
      throw e;
    }
  }

  static Sessions sessions(ContainerRuntime runtime, Container container, Login login) {
    return new Sessions(
        new Route.Tunnelled(runtime.tunnelInto(container), PORT),
        login,
        "postgres",
        "container " + container.name());
  }

  static ThrowawayServer served(
      SandboxRequest request,
      ContainerRuntime runtime,
      ImageIdentity image,
      ThrowawayContainer throwaway,
      Sessions sessions,
      Clock clock) {
    Container container = throwaway.container();
    CommandRunner runner = runtime.commandsIn(container);
    Place place =
        new Place(
            "container " + container.name(),
            Optional.of(image),
            Optional.of(runner),
            Optional.of(() -> restart(runtime, container)));
    PostgresServer server = server(sessions, place, runner, request, clock);
    boolean sameImage = request.image().filter(wanted -> same(image, wanted)).isPresent();
    return new ContainerSandbox(throwaway, server, image, sameImage);
  }

  private static void restart(ContainerRuntime runtime, Container container) {
    runtime.stop(container, START_LIMIT);
    runtime.start(container);
  }

  static PostgresServer server(
      Sessions sessions, Place place, CommandRunner runner, SandboxRequest request, Clock clock) {
    int major = PostgresConnector.majorVersion(sessions);
    if (major != request.majorVersion()) {
      throw new RecoveryException(
          ErrorCode.VERSION_MISMATCH,
          "%s runs PostgreSQL %d, and %d is needed"
              .formatted(place.name(), major, request.majorVersion()),
          "load the environment's own image into this engine.");
    }
    return new PostgresServer(
        sessions,
        new ClientPrograms(runner, Optional.empty(), major, sessions),
        place,
        SchemaVersion.DEFAULT,
        clock);
  }

  /**
   * Waits until a server answers. DATABASE_UNAVAILABLE, with the end of its log, if it never does.
   */
  static void await(Sessions sessions, Supplier<List<String>> log) {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (true) {
      try (Session session = sessions.maintenance()) {
        session.value("SELECT 1");
        return;
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.DATABASE_UNAVAILABLE || System.nanoTime() > deadline) {
          throw new RecoveryException(
              e.code(),
              "%s; the end of its log: %s".formatted(e.problem(), String.join(" | ", log.get())),
              e.hint(),
              e);
        }
      }
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        throw RecoveryException.interrupted("waiting for a server to start", e);
      }
    }
  }

  /**
   * Waits as long as it takes: how much there is to replay is not known here. Each look costs a
   * program start; what it adds to the time of a recovery stays below a tenth.
   */
  static void awaitRecovery(
      Sessions sessions, BooleanSupplier running, Supplier<List<String>> log) {
    long began = System.nanoTime();
    while (true) {
      try (Session session = sessions.maintenance()) {
        session.value("SELECT 1");
        return;
      } catch (RecoveryException e) {
        if (!running.getAsBoolean()) {
          throw endedBeforeTarget(sessions.failures().place(), log.get(), e);
        }
        if (e.code() != ErrorCode.DATABASE_UNAVAILABLE) {
          throw e;
        }
      }
      try {
        long tenth = Duration.ofNanos(System.nanoTime() - began).toMillis() / 10;
        Thread.sleep(Math.min(LONGEST_PAUSE_MILLIS, Math.max(PAUSE_MILLIS, tenth)));
      } catch (InterruptedException e) {
        throw RecoveryException.interrupted("waiting for a server to recover", e);
      }
    }
  }

  static RecoveryException endedBeforeTarget(
      String place, List<String> log, RecoveryException cause) {
    List<String> end = log.subList(Math.max(0, log.size() - LOG_LINES), log.size());
    return new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "%s: the server ended while it recovered; the end of its log: %s"
            .formatted(place, String.join(" | ", end)),
        "where recovery ended before the target was reached, the log does not reach so far: choose"
            + " an earlier target, or the latest; else the server's words above are the cause.",
        cause);
  }

  private static String randomText() {
    byte[] bytes = new byte[16];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public List<String> removeLeftovers(String owner) {
    List<String> left = new ArrayList<>();
    withEngine(runtime -> runtime.removeLeftovers(owner)).ifPresent(left::addAll);
    left.addAll(LocalSandbox.removeLeftovers(host, folder, owner));
    return left;
  }

  /** A server in a container. */
  private record ContainerSandbox(
      ThrowawayContainer container, PostgresServer postgres, ImageIdentity image, boolean sameImage)
      implements ThrowawayServer {
    @Override
    public DatabaseServer server() {
      return postgres;
    }

    @Override
    public String description() {
      return "image %s (%.19s)".formatted(image.reference(), image.id());
    }

    @Override
    public SqlSession openSession(String database) {
      return postgres.sessions().openLong(database);
    }

    @Override
    public List<String> remove() {
      postgres.close();
      return container.remove();
    }
  }
}
