package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.SandboxRequest;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server of this machine's PostgreSQL programs that is ours: it listens on a unix socket in a
 * folder that only its account may enter, and on no port, so nobody else reaches it.
 */
final class LocalServer {
  private static final int PORT = 5432;
  private static final long PAUSE_MILLIS = 5;
  private static final long LONGEST_PAUSE_MILLIS = 500;
  private static final Duration START_LIMIT = Duration.ofMinutes(3);
  private static final Duration END_LIMIT = Duration.ofSeconds(20);

  private final CommandRunner runner;
  private final Function<List<String>, Command> commands;
  private final String programs;
  private final Path folder;
  private final Path data;

  /**
   * @param commands makes what is to run one that runs as the server's account
   * @param programs what to put before the names of the server's programs
   * @param folder for its socket and its log
   */
  LocalServer(
      CommandRunner runner,
      Function<List<String>, Command> commands,
      String programs,
      Path folder,
      Path data) {
    this.runner = runner;
    this.commands = commands;
    this.programs = programs;
    this.folder = folder;
    this.data = data;
  }

  String name() {
    return "server in " + data;
  }

  /** By which it is reached by us alone. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>(PostgresSandboxes.SETTINGS);
    settings.put("listen_addresses", "");
    settings.put("port", String.valueOf(PORT));
    settings.put("unix_socket_directories", folder.toString());
    // A file of the data folder, where the others leave something behind when they are killed.
    settings.put("dynamic_shared_memory_type", "mmap");
    return settings;
  }

  /** Starts it; one that recovers may do so for long after this. */
  void startToRecover() {
    try {
      control("start");
    } catch (RecoveryException e) {
      throw e.code() == ErrorCode.COMMAND_FAILED
          ? PostgresSandboxes.endedBeforeTarget(name(), log(), e)
          : e;
    }
  }

  void awaitRecovery(Sessions sessions, Progress progress) {
    try (ReplayProgress replay = new ReplayProgress(this::log, progress)) {
      awaitReady();
      PostgresSandboxes.awaitRecovery(sessions, this::runs, this::log);
    }
  }

  /** Until it says so itself or has ended: looking there costs less than a connection. */
  private void awaitReady() {
    long began = System.nanoTime();
    Optional<PidFile> server = PidFile.in(data);
    while (server.isPresent() && !server.get().isReady() && runs()) {
      long tenth = Duration.ofNanos(System.nanoTime() - began).toMillis() / 10;
      pause(Math.min(LONGEST_PAUSE_MILLIS, Math.max(PAUSE_MILLIS, tenth)));
      server = PidFile.in(data);
    }
  }

  void start(String... options) {
    control("start", options);
  }

  /**
   * Ends it cleanly; its last checkpoint takes as long as it takes. The program itself would look
   * ten times a second whether the server's file has gone.
   */
  void stop() {
    run(END_LIMIT, "stop", "--no-wait", "--mode=fast");
    long pause = PAUSE_MILLIS;
    while (Files.exists(data.resolve(PidFile.NAME)) && runs()) {
      pause(pause);
      pause = Math.min(LONGEST_PAUSE_MILLIS, 2 * pause);
    }
  }

  /**
   * Returns once the server runs: it may have to recover before it answers. Whether that failed the
   * program tells; that it runs, the server's own file does earlier, as the program only looks ten
   * times a second.
   */
  private void control(String action, String... options) {
    List<String> all = new ArrayList<>();
    all.addAll(List.of("--wait", "--timeout=" + START_LIMIT.toSeconds()));
    all.addAll(List.of(options));
    Optional<PidFile> before = PidFile.in(data);
    long asked = System.currentTimeMillis() / 1000;
    FutureTask<@Nullable Void> program =
        new FutureTask<>(
            () -> run(START_LIMIT.plus(END_LIMIT), action, all.toArray(String[]::new)), null);
    Thread thread = new Thread(program, "drp-pg_ctl");
    thread.setDaemon(true);
    thread.start();
    try {
      while (!program.isDone()) {
        if (PidFile.in(data).filter(now -> now.isStarted(asked, before)).isPresent()) {
          return;
        }
        pause(PAUSE_MILLIS);
      }
      program.get();
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for a server to start", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RecoveryException ours
          ? ours
          : new IllegalStateException(e.getCause());
    } finally {
      if (Thread.currentThread().isInterrupted()) {
        program.cancel(true);
      }
    }
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for a server to start or to end", e);
    }
  }

  private void run(Duration limit, String action, String... options) {
    List<String> line = new ArrayList<>();
    line.addAll(List.of(programs + "pg_ctl", action, "--silent"));
    line.addAll(List.of("--pgdata=" + data, "--log=" + folder.resolve("log")));
    line.addAll(List.of(options));
    runner.run(commands.apply(line).within(limit));
  }

  Sessions sessions(String superuser) {
    return new Sessions(
        new Route.UnixSocket(folder, PORT),
        new Login(superuser, Optional.empty()),
        "postgres",
        name());
  }

  PostgresServer connect(Sessions sessions, SandboxRequest request, Clock clock) {
    Place place =
        new Place(
            name(),
            Optional.empty(),
            Optional.of(runner),
            Optional.of(() -> control("restart", "--mode=fast")));
    return PostgresSandboxes.server(sessions, place, runner, request, clock);
  }

  List<String> log() {
    try {
      return Files.readAllLines(folder.resolve("log"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return List.of("there is no log: " + e.getMessage());
    }
  }

  boolean runs() {
    return !processesIn(data).isEmpty();
  }

  /** Kills all that runs on a data directory of ours, and returns what is still there. */
  static List<String> kill(CommandRunner runner, Path data) {
    Optional<PidFile> pidFile = PidFile.in(data);
    List<ProcessHandle> processes = processesIn(data);
    processes.forEach(ProcessHandle::destroyForcibly);
    processes.forEach(LocalServer::awaitEnd);
    pidFile.ifPresent(file -> removeSharedMemory(runner, file.sharedMemory()));
    return processesIn(data).stream().map(process -> "process " + process.pid()).toList();
  }

  static List<String> lines(Path file) {
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

  /**
   * Server processes at work on a data directory that is not ours, in whatever container: the same
   * folder, by whichever path. Those that this account may not look at are not seen.
   */
  static List<ProcessHandle> serversOn(Path data) {
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      return all.filter(process -> serves(process, data)).toList();
    }
  }

  private static boolean serves(ProcessHandle process, Path data) {
    Path folder = Path.of("/proc/%d".formatted(process.pid()));
    try {
      return Files.readString(folder.resolve("comm")).startsWith("post")
          && Files.isSameFile(folder.resolve("cwd"), data);
    } catch (IOException e) {
      return false; // it has ended, or may not be looked at
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
}
