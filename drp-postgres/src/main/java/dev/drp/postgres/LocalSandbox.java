package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.SqlSession;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A throw-away server of this machine's PostgreSQL programs, in a folder of its own that only its
 * account may enter. It listens on a unix socket in that folder and on no port, so nobody else
 * reaches it, and needs no password. As the programs refuse root, root gives it another account.
 */
final class LocalSandbox implements ThrowawayServer {
  private static final String PREFIX = "drp-sandbox-";
  private static final int PORT = 5432;
  private static final Duration START_LIMIT = Duration.ofMinutes(3);
  private static final Duration END_LIMIT = Duration.ofSeconds(20);
  private static final int SHARED_MEMORY_LINE = 6;
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private final CommandRunner runner;
  private final String programs;
  private final Path folder;
  private final Optional<String> account;
  private @Nullable PostgresServer server;
  private String version = "";
  private @Nullable List<String> left;

  private LocalSandbox(CommandRunner runner, Path parent, SandboxRequest request) {
    this.runner = runner;
    this.programs = programs(runner, request);
    this.account = account(parent);
    this.folder = createFolder(parent, request.owner(), account);
  }

  /** Starts one that holds nothing. */
  static LocalSandbox empty(
      CommandRunner runner, Path parent, SandboxRequest request, Clock clock) {
    LocalSandbox sandbox = new LocalSandbox(runner, parent, request);
    return sandbox.orNothing(
        () -> {
          sandbox.initialize(request);
          sandbox.serve(
              request, clock, sessions -> PostgresSandboxes.await(sessions, sandbox::log));
        });
  }

  /** Starts one that recovers from files. */
  static LocalSandbox recovered(
      CommandRunner runner,
      Path parent,
      SandboxRequest request,
      Clock clock,
      ServerFiles files,
      RecoveryTarget target,
      Progress progress) {
    LocalSandbox sandbox = new LocalSandbox(runner, parent, request);
    return sandbox.orNothing(
        () -> {
          sandbox.recover(request, files, target);
          sandbox.serve(request, clock, sessions -> sandbox.awaitRecovery(sessions, progress));
        });
  }

  private LocalSandbox orNothing(Runnable start) {
    try {
      start.run();
      return this;
    } catch (RecoveryException e) {
      remove();
      throw e;
    }
  }

  /**
   * What to put before the names of the major version's own programs: those of another would not
   * read its dump the same way, and its files not at all.
   */
  private static String programs(CommandRunner runner, SandboxRequest request) {
    int major = request.majorVersion();
    List<String> candidates =
        List.of(
            "/usr/lib/postgresql/%d/bin/initdb".formatted(major),
            "/usr/pgsql-%d/bin/initdb".formatted(major),
            "initdb");
    List<String> others = new ArrayList<>();
    for (String candidate : candidates) {
      try {
        String version = runner.run(Command.of(candidate, "--version")).strip();
        if (version.contains("(PostgreSQL) %d.".formatted(major))) {
          return candidate.substring(0, candidate.length() - "initdb".length());
        }
        others.add(version);
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.COMMAND_NOT_FOUND) {
          throw e;
        }
      }
    }
    throw new RecoveryException(
        ErrorCode.VERSION_MISMATCH,
        "no server for the drill: %s, and this machine has no programs of PostgreSQL %d%s"
            .formatted(
                request
                    .image()
                    .map(image -> "image %s is not on the engine".formatted(image.reference()))
                    .orElse("there is no image to take"),
                major,
                others.isEmpty() ? "" : ", only " + String.join(", ", others)),
        "load the environment's image, or install them (Debian, Ubuntu: apt-get install"
            + " postgresql-%d).".formatted(major));
  }

  /** For root, an account that can do nothing else; else our own. */
  private static Optional<String> account(Path parent) {
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.empty();
    }
    for (String name : List.of("postgres", "nobody")) {
      try {
        parent.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name);
        return Optional.of(name);
      } catch (UserPrincipalNotFoundException e) {
        // Try the next one.
      } catch (IOException e) {
        throw localFile("cannot look up the account " + name, e);
      }
    }
    throw new RecoveryException(
        ErrorCode.COMMAND_NOT_FOUND,
        "PostgreSQL refuses to run as root, and there is no account postgres or nobody",
        "create an account postgres.");
  }

  private static Path createFolder(Path parent, String owner, Optional<String> account) {
    try {
      Path folder =
          Files.createTempDirectory(
              parent, prefix(owner), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      if (account.isPresent()) {
        UserPrincipal user =
            folder
                .getFileSystem()
                .getUserPrincipalLookupService()
                .lookupPrincipalByName(account.get());
        Files.setOwner(folder, user);
      }
      return folder;
    } catch (IOException e) {
      throw localFile("cannot make a folder in " + parent, e);
    }
  }

  /** Short, as the name of a unix socket has at most 107 bytes. */
  private static String prefix(String owner) {
    return PREFIX + ShortHash.of(owner) + ".";
  }

  private static RecoveryException localFile(String problem, IOException e) {
    return new RecoveryException(
        ErrorCode.LOCAL_FILE,
        "%s: %s".formatted(problem, e.getMessage()),
        "check space and permissions there.",
        e);
  }

  private Path data() {
    return folder.resolve("data");
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>(PostgresSandboxes.SETTINGS);
    settings.put("listen_addresses", "");
    settings.put("unix_socket_directories", folder.toString());
    // A file of the data folder, where the others leave something behind when they are killed.
    settings.put("dynamic_shared_memory_type", "mmap");
    return settings;
  }

  private void initialize(SandboxRequest request) {
    run(
        programs + "initdb",
        "--no-sync",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--username=" + request.superuser(),
        "--pgdata=" + data());
    String options =
        settings().entrySet().stream()
            .map(setting -> "-c " + setting)
            .collect(Collectors.joining(" "));
    control(START_LIMIT, "start", "--options=" + options);
  }

  private void recover(SandboxRequest request, ServerFiles files, RecoveryTarget target) {
    RecoveryFolder recovery =
        new RecoveryFolder(runner, this::command, folder.toString(), programs, false);
    recovery.unpack(files);
    recovery.prepare(target, request.superuser(), settings());
    try {
      control(START_LIMIT, "start");
    } catch (RecoveryException e) {
      throw e.code() == ErrorCode.COMMAND_FAILED
          ? PostgresSandboxes.endedBeforeTarget(name(), log(), e)
          : e;
    }
  }

  private void awaitRecovery(Sessions sessions, Progress progress) {
    try (ReplayProgress replay = new ReplayProgress(this::log, progress)) {
      PostgresSandboxes.awaitRecovery(sessions, () -> !processesIn(data()).isEmpty(), this::log);
    }
  }

  /** Returns once the server runs: it may have to recover before it answers. */
  private void control(Duration limit, String action, String... options) {
    List<String> line = new ArrayList<>();
    line.addAll(List.of(programs + "pg_ctl", action, "--silent", "--wait"));
    line.add("--timeout=" + limit.toSeconds());
    line.addAll(List.of("--pgdata=" + data(), "--log=" + folder.resolve("log")));
    line.addAll(List.of(options));
    runner.run(command(line).within(limit.plus(END_LIMIT)));
  }

  private String name() {
    return "sandbox " + folder;
  }

  private void serve(SandboxRequest request, Clock clock, Consumer<Sessions> await) {
    Place place =
        new Place(
            name(),
            Optional.empty(),
            Optional.of(runner),
            Optional.of(() -> control(START_LIMIT, "restart", "--mode=fast")));
    Sessions sessions =
        new Sessions(
            new Route.UnixSocket(folder, PORT),
            new Login(request.superuser(), Optional.empty()),
            "postgres",
            place.name());
    await.accept(sessions);
    server = PostgresSandboxes.server(sessions, place, runner, request, clock);
    version = server.facts().version();
  }

  private List<String> log() {
    try {
      return Files.readAllLines(folder.resolve("log"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return List.of("there is no log: " + e.getMessage());
    }
  }

  private void run(String... line) {
    runner.run(command(List.of(line)).within(START_LIMIT));
  }

  /** A program that runs in the folder, as its account cannot stay where we are. */
  private Command command(List<String> line) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(
        List.of("sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder.toString()));
    arguments.addAll(line);
    Command command = Command.of(arguments);
    return account.map(command::asUser).orElse(command);
  }

  @Override
  public DatabaseServer server() {
    return running();
  }

  private PostgresServer running() {
    if (server == null) {
      throw new IllegalStateException("the server was removed before it ran");
    }
    return server;
  }

  @Override
  public String description() {
    return "local PostgreSQL " + version;
  }

  @Override
  public boolean sameImage() {
    return false;
  }

  @Override
  public SqlSession openSession(String database) {
    return running().sessions().openLong(database);
  }

  @Override
  public synchronized List<String> remove() {
    if (left == null) {
      if (server != null) {
        server.close();
      }
      left = remove(runner, folder);
    }
    return left;
  }

  static List<String> removeLeftovers(CommandRunner runner, Path parent, String owner) {
    try (Stream<Path> folders = Files.list(parent)) {
      return folders
          .filter(folder -> folder.getFileName().toString().startsWith(prefix(owner)))
          .filter(Files::isDirectory)
          .toList()
          .stream()
          .flatMap(folder -> remove(runner, folder).stream())
          .toList();
    } catch (IOException e) {
      throw localFile("cannot look for leftovers in " + parent, e);
    }
  }

  /** Kills what runs there, removes the folder, and tells what is still there. */
  private static List<String> remove(CommandRunner runner, Path folder) {
    List<String> left = new ArrayList<>();
    Path data = folder.resolve("data");
    List<String> pidFile = lines(data.resolve("postmaster.pid"));
    List<ProcessHandle> processes = processesIn(data);
    processes.forEach(ProcessHandle::destroyForcibly);
    processes.forEach(LocalSandbox::awaitEnd);
    if (pidFile.size() > SHARED_MEMORY_LINE) {
      removeSharedMemory(runner, pidFile.get(SHARED_MEMORY_LINE).strip());
    }
    delete(folder);
    processesIn(data).forEach(process -> left.add("process " + process.pid()));
    if (Files.exists(folder)) {
      left.add("folder " + folder);
    }
    return left;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return List.of(); // it never ran
    }
  }

  /** A server's processes all have its data as their working folder. */
  private static List<ProcessHandle> processesIn(Path data) {
    return ProcessHandle.allProcesses().filter(process -> worksIn(process, data)).toList();
  }

  private static boolean worksIn(ProcessHandle process, Path data) {
    try {
      Path folder = Files.readSymbolicLink(Path.of("/proc/%d/cwd".formatted(process.pid())));
      return folder.equals(data) || folder.toString().equals(data + " (deleted)");
    } catch (IOException e) {
      return false; // it has ended, or is not ours
    }
  }

  private static void awaitEnd(ProcessHandle process) {
    try {
      process.onExit().get(END_LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // Whether it is gone is looked at afterwards.
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for a server to end", e);
    }
  }

  /** A server that was killed cannot remove its segment itself; the line holds key and id. */
  private static void removeSharedMemory(CommandRunner runner, String line) {
    String id = line.substring(line.lastIndexOf(' ') + 1);
    if (!id.matches("\\d+")) {
      return;
    }
    try {
      runner.run(Command.of("ipcrm", "-m", id));
    } catch (RecoveryException e) {
      // Gone already: the server ended by itself.
    }
  }

  private static void delete(Path folder) {
    List<Path> deepestFirst;
    try (Stream<Path> all = Files.walk(folder)) {
      deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException e) {
      throw localFile("cannot remove " + folder, e);
    }
    for (Path path : deepestFirst) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException e) {
        throw localFile("cannot remove " + path, e);
      }
    }
  }
}
