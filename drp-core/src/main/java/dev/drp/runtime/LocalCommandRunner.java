package dev.drp.runtime;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs programs on this machine. To run one as another account takes root, and {@code setpriv} or
 * {@code runuser}. Safe for concurrent use.
 */
public final class LocalCommandRunner implements CommandRunner {
  private static final String PLACE = "this host";

  /** Debian's packages of the programs that this tool runs. */
  private static final Map<String, String> PACKAGES =
      Map.of(
          "psql", "postgresql-client",
          "pg_dump", "postgresql-client",
          "pg_dumpall", "postgresql-client",
          "pg_restore", "postgresql-client",
          "pg_basebackup", "postgresql-client",
          "initdb", "postgresql",
          "pg_ctl", "postgresql",
          "postgres", "postgresql");

  /** Those that programs were run as: a restore runs some twenty as one. */
  private final Map<String, Account> accounts = new ConcurrentHashMap<>();

  @Override
  public String place() {
    return PLACE;
  }

  @Override
  public RunningCommand start(Command command) {
    requireProgram(command.program());
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>());
    Map<String, String> environment = builder.environment();
    command.user().ifPresent(user -> switchUser(user, builder));
    builder.command().addAll(command.arguments());
    command.environment().forEach((name, value) -> environment.put(name, value.reveal()));
    String mark = CommandMark.next();
    environment.put(CommandMark.VARIABLE, mark);
    try {
      return new LocalCommand(PLACE, command, mark, builder.start());
    } catch (IOException e) {
      throw CommandErrors.notFound(
          PLACE,
          command.program(),
          String.valueOf(e.getMessage()),
          "check that it is a program of this machine's kind, and the limits of this machine.",
          e);
    }
  }

  /** Looks before the start: once another account is switched to, an exit code is all we get. */
  private static void requireProgram(String program) {
    if (find(program).isEmpty()) {
      String name = Path.of(program).getFileName().toString();
      String debianPackage = PACKAGES.get(name);
      throw CommandErrors.notFound(
          PLACE,
          program,
          program.contains("/") ? "there is no such program" : "it is not in any folder of PATH",
          debianPackage == null
              ? "install the package that it belongs to, or correct the path."
              : "install it (Debian, Ubuntu: apt-get install %s), or correct the path."
                  .formatted(debianPackage),
          null);
    }
  }

  private static Optional<Path> find(String program) {
    if (program.contains("/")) {
      return Optional.of(Path.of(program)).filter(LocalCommandRunner::isProgram);
    }
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
    for (String folder : path.split(File.pathSeparator, -1)) {
      Path candidate = Path.of(folder).resolve(program);
      if (isProgram(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  private static boolean isProgram(Path file) {
    return Files.isRegularFile(file) && Files.isExecutable(file);
  }

  private void switchUser(String user, ProcessBuilder builder) {
    String self = System.getProperty("user.name");
    if (user.equals(self)) {
      return;
    }
    if (!"root".equals(self)) {
      throw refused(user, "this process runs as " + self, "run this as root or as " + user + ".");
    }
    Account account = accounts.computeIfAbsent(user, LocalCommandRunner::account);
    if (find("setpriv").isPresent()) {
      builder
          .command()
          .addAll(
              List.of(
                  "setpriv",
                  "--reuid=" + account.userId,
                  "--regid=" + account.groupId,
                  "--init-groups",
                  "--"));
    } else if (find("runuser").isPresent()) {
      builder.command().addAll(List.of("runuser", "-u", user, "--"));
    } else {
      throw refused(
          user,
          "neither setpriv nor runuser is there",
          "install util-linux (Debian, Ubuntu: apt-get install util-linux).");
    }
    // libpq and others read files of the home folder; root's cannot be read by that account.
    builder.environment().putAll(Map.of("HOME", account.home, "USER", user, "LOGNAME", user));
  }

  private static Account account(String user) {
    try {
      Process getent = new ProcessBuilder("getent", "passwd", "--", user).start();
      getent.getOutputStream().close();
      byte[] line = getent.getInputStream().readAllBytes();
      String[] fields = new String(line, StandardCharsets.UTF_8).strip().split(":", -1);
      if (getent.waitFor() != 0 || fields.length < 6) {
        throw refused(user, "there is no such account", "check the name with: getent passwd");
      }
      return new Account(fields[2], fields[3], fields[5]);
    } catch (IOException e) {
      throw refused(user, "cannot look it up: " + e.getMessage(), "install getent (libc-bin).");
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("looking up the account " + user, e);
    }
  }

  private static RecoveryException refused(String user, String reason, String hint) {
    return new RecoveryException(
        ErrorCode.COMMAND_FAILED,
        "%s: cannot run a program as %s: %s".formatted(PLACE, user, reason),
        hint);
  }

  private record Account(String userId, String groupId, String home) {}
}
