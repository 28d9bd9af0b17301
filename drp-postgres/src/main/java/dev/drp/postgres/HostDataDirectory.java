package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.ExtractedFiles;
import dev.drp.backup.tar.TarFollower;
import dev.drp.database.DatabaseServer;
import dev.drp.database.SandboxRequest;
import dev.drp.database.ServerFiles;
import dev.drp.database.SqlSession;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A data directory on this machine. PostgreSQL refuses to run as root: for root, all that touches
 * the files of a server runs as the directory's owner; anybody else must be that owner.
 */
final class HostDataDirectory extends ExchangedDirectory {
  private static final Duration GRACE = Duration.ofMinutes(2);

  /** How much longer than its stop command a server may take to end. */
  private static final Duration END_LIMIT = Duration.ofSeconds(10);

  private static final Duration PAUSE = Duration.ofMillis(50);

  /** The account stays where it may be, and finds the programs of its server first. */
  private static final String AS_SERVER =
      "cd / && PATH=\"$1$PATH\" && export PATH && shift && exec \"$@\"";

  /** What the server inherits must not tie it to us: it goes on when we end. */
  private static final String ON_ITS_OWN = "unset DRP_COMMAND_ID; exec \"$@\" >/dev/null";

  private static final String MAKE_DIRECTORY =
      """
      set -eu
      [ -d "$1" ] || mkdir -p -m 0700 "$1"
      if [ -n "$2" ] && [ "$(stat -c %u -- "$1")" = 0 ]; then
        chown "$2:" "$1"
        chmod 0700 "$1"
      fi
      """;

  private final CommandRunner host;
  private final InstalledServers installed;
  private final HostServer server;
  private final Path temporary;
  private final Clock clock;
  private @Nullable Path socketFolder;

  private final Map<Integer, Optional<String>> programs = new HashMap<>();

  /** Empty until there are files. */
  private String programFolders = "";

  /** Whether what an earlier attempt left at work was looked for. */
  private boolean alone;

  /**
   * @param host runs programs on this machine
   * @param server the server whose files are in the directory
   * @param temporary where to make a folder for a socket
   */
  HostDataDirectory(
      CommandRunner host,
      HostServer server,
      String owner,
      String superuser,
      Path temporary,
      Clock clock) {
    super(server.directory().toString(), owner, superuser);
    this.host = host;
    this.installed = new InstalledServers(host);
    this.server = server;
    this.temporary = temporary;
    this.clock = clock;
  }

  @Override
  public Facts facts() {
    return new Facts(
        host.place(),
        directory,
        server.runs(),
        systemIdentifier(),
        majorVersions(),
        Place.freeBytes(host, nearestThatIsThere().toString()));
  }

  private List<Integer> majorVersions() {
    Optional<Integer> written = versionOf(server.directory());
    return IntStream.rangeClosed(PostgresConnector.OLDEST, PostgresConnector.NEWEST)
        .boxed()
        .filter(major -> written.isEmpty() || written.get().equals(major))
        .filter(major -> programs(major).isPresent())
        .toList();
  }

  private static Optional<Integer> versionOf(Path files) {
    return LocalServer.lines(files.resolve("PG_VERSION")).stream()
        .findFirst()
        .map(String::strip)
        .filter(line -> line.matches("\\d{1,4}"))
        .map(Integer::valueOf);
  }

  private Optional<String> programs(int major) {
    return programs.computeIfAbsent(
        major, it -> installed.find(it, server.tools(), new ArrayList<>()));
  }

  /**
   * What to put before PATH: of all the programs that there may be, those that fit the files, or
   * those that are being restored.
   */
  private String programFolders() {
    String known = programFolders;
    if (known.isEmpty()) {
      known =
          versionOf(server.directory())
              .or(() -> versionOf(server.directory().resolve(FOLDER + owner).resolve("data")))
              .flatMap(this::programs)
              .filter(folder -> !folder.isEmpty())
              .map(folder -> folder + ":")
              .orElse("");
      programFolders = known;
    }
    return known;
  }

  private Path nearestThatIsThere() {
    Path path = server.directory();
    while (!Files.exists(path)) {
      path = path.resolve("..").normalize();
    }
    return path;
  }

  @Override
  public State state() {
    return Files.isDirectory(server.directory()) ? super.state() : State.NOTHING;
  }

  @Override
  public boolean isEmpty() {
    return !Files.isDirectory(server.directory()) || super.isEmpty();
  }

  @Override
  public Map<Path, Configured> putConfiguration(InputStream tar) {
    Map<Path, Configured> result = new LinkedHashMap<>();
    for (ConfigurationTar.File file : ConfigurationTar.read(tar)) {
      result.put(file.path(), file.putWhereMissing(server.account()));
    }
    return result;
  }

  @Override
  boolean standsAlone() {
    return server.start().isEmpty();
  }

  @Override
  public void drop() {
    if (Files.isDirectory(server.directory())) {
      super.drop();
    }
  }

  @Override
  boolean isHere() {
    return true;
  }

  @Override
  void makeDirectory() {
    host.run(Command.of("sh", "-c", MAKE_DIRECTORY, "sh", directory, server.account().orElse("")));
  }

  @Override
  CommandRunner runner() {
    if (!alone) {
      endLeftovers();
      alone = true;
    }
    return host;
  }

  /** What was at work when an earlier attempt died must not go on beside this one. */
  private void endLeftovers() {
    Path folder = server.directory().resolve(FOLDER + owner);
    List<String> left = new ArrayList<>(LocalServer.kill(host, folder.resolve("data")));
    left.addAll(LocalSandbox.removeLeftovers(host, temporary, owner));
    left.addAll(awaitEndOfPrograms(folder));
    if (!left.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "these are still there, from an attempt that died: " + String.join(", ", left),
          "end them by hand, then go on.");
    }
  }

  /** Scripts that move files end soon, and have to come to their end: nobody else knows where. */
  private static List<String> awaitEndOfPrograms(Path folder) {
    long deadline = System.nanoTime() + GRACE.toNanos();
    List<String> left = programsNaming(folder);
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      pause("waiting for what an earlier attempt left at work");
      left = programsNaming(folder);
    }
    return left;
  }

  private static List<String> programsNaming(Path folder) {
    String name = folder.getFileName().toString();
    long self = ProcessHandle.current().pid();
    return ProcessHandle.allProcesses()
        .filter(process -> process.pid() != self)
        .filter(process -> arguments(process).contains(name))
        .map(process -> "process " + process.pid())
        .collect(Collectors.toList());
  }

  private static List<String> arguments(ProcessHandle process) {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc/%d/cmdline".formatted(process.pid())));
      return List.of(new String(line, StandardCharsets.UTF_8).split("\0", -1));
    } catch (IOException e) {
      return List.of(); // it has ended
    }
  }

  private static void pause(String what) {
    try {
      Thread.sleep(PAUSE.toMillis());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted(what, e);
    }
  }

  @Override
  Command command(List<String> line) {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("sh", "-c", AS_SERVER, "sh", programFolders()));
    arguments.addAll(line);
    Command command = Command.of(arguments);
    return server.account().map(command::asUser).orElse(command);
  }

  @Override
  void unpack(ServerFiles files, RecoveryFolder into) {
    Path data = Path.of(into.data());
    host.run(command(List.of("mkdir", "-m", "0700", data.toString())));
    try {
      if (!files.unpack(data, HostDataDirectory::interimName)) {
        unpackTar(files, data);
      }
    } catch (IOException e) {
      throw cannotUnpack(String.valueOf(e.getMessage()), e);
    } catch (UncheckedIOException e) {
      throw cannotUnpack(String.valueOf(e.getMessage()), e);
    }
  }

  private static void unpackTar(ServerFiles files, Path data) throws IOException {
    try (ExtractedFiles extracted = new ExtractedFiles(data);
        ControlFileLast tar = new ControlFileLast(new TarFollower(List.of(extracted)))) {
      files.writeTo(tar);
      tar.finish();
    }
  }

  /** No server starts from the files: the control file has another name meanwhile. */
  private static String interimName(String name) {
    return name.equals(ControlFileLast.CONTROL_FILE) ? ControlFileLast.INTERIM : name;
  }

  private RecoveryException cannotUnpack(String text, Exception e) {
    return text.contains(DumpLoader.NO_SPACE)
        ? new RecoveryException(
            ErrorCode.OUT_OF_SPACE,
            "%s: the files of the server do not fit into %s: %s"
                .formatted(host.place(), directory, text),
            "make space there.",
            e)
        : new RecoveryException(
            ErrorCode.LOCAL_FILE,
            "%s: cannot unpack the files of a server into %s: %s"
                .formatted(host.place(), directory, text),
            "check the permissions there.",
            e);
  }

  @Override
  ServerFiles.Repaired repairFiles(ServerFiles files, RecoveryFolder in) {
    try {
      return files.repair(Path.of(in.data()), HostDataDirectory::interimName);
    } catch (IOException e) {
      throw cannotUnpack(String.valueOf(e.getMessage()), e);
    } catch (UncheckedIOException e) {
      throw cannotUnpack(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>(local().settings());
    settings.putAll(SYNC_AT_ONCE);
    return settings;
  }

  private LocalServer local() {
    Path folder = socketFolder;
    if (folder == null) {
      folder = LocalSandbox.createFolder(temporary, owner, server.account());
      socketFolder = folder;
    }
    return new LocalServer(host, this::command, "", folder, Path.of(folder(), "data"));
  }

  @Override
  ThrowawayServer serve(Progress progress) {
    LocalServer local = local();
    Sessions sessions = local.sessions(superuser);
    try {
      local.startToRecover();
      local.awaitRecovery(sessions, progress);
      return new Recovered(
          host,
          Path.of(folder(), "data"),
          local.connect(
              sessions,
              new SandboxRequest(owner, restoredVersion(), Optional.empty(), superuser),
              clock));
    } catch (RecoveryException e) {
      sessions.close();
      LocalServer.kill(host, Path.of(folder(), "data"));
      throw e;
    }
  }

  /** By its own files: it has recovered from them. */
  private int restoredVersion() {
    return versionOf(Path.of(folder(), "data")).orElseThrow();
  }

  @Override
  boolean serves() {
    return local().runs();
  }

  @Override
  void endRecovered() {
    local().stop();
  }

  @Override
  void stopLive() {
    if (!server.runs()) {
      return;
    }
    if (server.stop().isEmpty()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s: a server runs on %s".formatted(host.place(), directory),
          "nothing was touched. Stop it, then run this again.");
    }
    host.run(onItsOwn(server.stop()));
    long deadline = System.nanoTime() + END_LIMIT.toNanos();
    while (server.runs()) {
      if (System.nanoTime() > deadline) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s: a server still runs on %s after %s"
                .formatted(host.place(), directory, String.join(" ", server.stop())),
            "the files were not exchanged. Does that command stop this server, and does nothing"
                + " start it again?");
      }
      pause("waiting for the server to end");
    }
  }

  @Override
  void startLive() {
    if (!server.start().isEmpty() && !server.runs()) {
      host.run(onItsOwn(server.start()));
    }
  }

  private static Command onItsOwn(List<String> line) {
    List<String> arguments = new ArrayList<>(List.of("sh", "-c", ON_ITS_OWN, "sh"));
    arguments.addAll(line);
    return Command.of(arguments).within(GRACE);
  }

  @Override
  public void close() {
    super.close();
    if (socketFolder != null) {
      socketFolder = null;
      LocalSandbox.removeLeftovers(host, temporary, owner);
    }
  }

  /** The recovered server; its files stay when it is removed. */
  private record Recovered(CommandRunner host, Path data, PostgresServer postgres)
      implements ThrowawayServer {
    @Override
    public DatabaseServer server() {
      return postgres;
    }

    @Override
    public String description() {
      return "local PostgreSQL " + postgres.facts().version();
    }

    @Override
    public boolean sameImage() {
      return false;
    }

    @Override
    public SqlSession openSession(String database) {
      return postgres.sessions().openLong(database);
    }

    @Override
    public List<String> remove() {
      postgres.close();
      return LocalServer.kill(host, data);
    }
  }
}
