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
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
  private static final String DATA = "data";
  private static final Duration START_LIMIT = Duration.ofMinutes(3);
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private final CommandRunner runner;
  private final String programs;
  private final Path folder;
  private final Optional<String> account;
  private final LocalServer local;
  private @Nullable PostgresServer server;
  private String version = "";
  private @Nullable List<String> left;

  private LocalSandbox(CommandRunner runner, Path parent, SandboxRequest request) {
    this.runner = runner;
    this.programs = programs(runner, request);
    this.account = account(parent);
    this.folder = createFolder(parent, request.owner(), account);
    this.local = new LocalServer(runner, this::command, programs, folder, folder.resolve(DATA));
  }

  /** Starts one that holds nothing. */
  static LocalSandbox empty(
      CommandRunner runner, Path parent, SandboxRequest request, Clock clock) {
    LocalSandbox sandbox = new LocalSandbox(runner, parent, request);
    return sandbox.orNothing(
        () -> {
          sandbox.initialize(request);
          sandbox.serve(
              request, clock, sessions -> PostgresSandboxes.await(sessions, sandbox.local::log));
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
          sandbox.serve(
              request, clock, sessions -> sandbox.local.awaitRecovery(sessions, progress));
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

  private static String programs(CommandRunner runner, SandboxRequest request) {
    List<String> others = new ArrayList<>();
    return new InstalledServers(runner)
        .find(request.majorVersion(), Optional.empty(), others)
        .orElseThrow(() -> noPrograms(request, others));
  }

  private static RecoveryException noPrograms(SandboxRequest request, List<String> others) {
    return new RecoveryException(
        ErrorCode.VERSION_MISMATCH,
        "no server for the drill: %s, and this machine has no programs of PostgreSQL %d%s"
            .formatted(
                request
                    .image()
                    .map(image -> "image %s is not on the engine".formatted(image.reference()))
                    .orElse("there is no image to take"),
                request.majorVersion(),
                others.isEmpty() ? "" : ", only " + String.join(", ", others)),
        "load the environment's image, or install them (Debian, Ubuntu: apt-get install"
            + " postgresql-%d).".formatted(request.majorVersion()));
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

  static Path createFolder(Path parent, String owner, Optional<String> account) {
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

  private void initialize(SandboxRequest request) {
    run(
        programs + "initdb",
        "--no-sync",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--username=" + request.superuser(),
        "--pgdata=" + folder.resolve(DATA));
    String options =
        local.settings().entrySet().stream()
            .map(setting -> "-c " + setting)
            .collect(Collectors.joining(" "));
    local.start("--options=" + options);
  }

  private void recover(SandboxRequest request, ServerFiles files, RecoveryTarget target) {
    RecoveryFolder recovery =
        new RecoveryFolder(runner, this::command, folder.toString(), programs, false);
    recovery.unpack(files);
    recovery.prepare(target, request.superuser(), local.settings());
    local.startToRecover();
  }

  private void serve(SandboxRequest request, Clock clock, Consumer<Sessions> await) {
    Sessions sessions = local.sessions(request.superuser());
    await.accept(sessions);
    server = local.connect(sessions, request, clock);
    version = server.facts().version();
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
    List<String> left = new ArrayList<>(LocalServer.kill(runner, folder.resolve(DATA)));
    delete(folder);
    if (Files.exists(folder)) {
      left.add("folder " + folder);
    }
    return left;
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
