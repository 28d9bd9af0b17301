package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * PostgreSQL's own client programs, beside the server where they can be: in its container, else on
 * this machine. The password reaches them in an environment variable, the name of the database in a
 * connection string, quoted. Safe for concurrent use.
 */
final class ClientPrograms {
  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");
  private static final int BUFFER = 1 << 16;

  /** What somebody may have set for other connections, and must not change ours. */
  private static final List<String> NOT_INHERITED =
      List.of(
          "PGSERVICE",
          "PGSERVICEFILE",
          "PGHOSTADDR",
          "PGDATABASE",
          "PGCLIENTENCODING",
          "PGREQUIREPEER",
          "PGREQUIREAUTH",
          "PGCHANNELBINDING",
          "PGTARGETSESSIONATTRS",
          "PGLOADBALANCEHOSTS",
          "PGDATESTYLE",
          "PGTZ",
          "PGGEQO");

  /**
   * The programs switch most of the server's time limits off themselves, with a statement to which
   * a database's own limit of a few milliseconds applies already. That for idle sessions they leave
   * on, and it ends those of pg_restore that wait for another one's work.
   */
  private static final String NO_TIMEOUTS =
      "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
          + " -c idle_session_timeout=0";

  private final CommandRunner runner;
  private final Optional<String> folder;
  private final int serverMajor;
  private final Sessions sessions;
  private final Map<String, Program> found = new HashMap<>();

  /**
   * @param folder where the plan says the programs are
   */
  ClientPrograms(
      CommandRunner runner, Optional<String> folder, int serverMajor, Sessions sessions) {
    this.runner = runner;
    this.folder = folder;
    this.serverMajor = serverMajor;
    this.sessions = sessions;
  }

  /** A program of a version that fits the server. */
  record Program(String path, String version, int major) {}

  CommandRunner runner() {
    return runner;
  }

  /**
   * Finds a program that is not older than the server. VERSION_MISMATCH when all that are there are
   * older, COMMAND_NOT_FOUND when there is none.
   */
  synchronized Program find(String name) {
    Program known = found.get(name);
    if (known != null) {
      return known;
    }
    List<Program> tooOld = new ArrayList<>();
    for (String path : candidates(name)) {
      Optional<Program> program = ask(path);
      if (program.filter(it -> it.major() >= serverMajor).isPresent()) {
        found.put(name, program.get());
        return program.get();
      }
      program.ifPresent(tooOld::add);
    }
    throw tooOld.isEmpty() ? notFound(name) : older(tooOld.get(0));
  }

  /** The major version's own folder before PATH, where Debian puts a wrapper of its own. */
  private List<String> candidates(String name) {
    return folder
        .map(it -> List.of(it + "/" + name))
        .orElseGet(
            () ->
                List.of(
                    "/usr/lib/postgresql/%d/bin/%s".formatted(serverMajor, name),
                    "/usr/pgsql-%d/bin/%s".formatted(serverMajor, name),
                    name));
  }

  private Optional<Program> ask(String path) {
    String answer;
    try {
      answer = runner.run(Command.of(path, "--version")).strip();
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.COMMAND_NOT_FOUND || e.code() == ErrorCode.COMMAND_FAILED) {
        return Optional.empty();
      }
      throw e;
    }
    Matcher version = VERSION.matcher(answer);
    return version.find()
        ? Optional.of(new Program(path, answer, Integer.parseInt(version.group(1))))
        : Optional.empty();
  }

  private RecoveryException notFound(String name) {
    return new RecoveryException(
        ErrorCode.COMMAND_NOT_FOUND,
        "%s: there is no %s, looked for at %s"
            .formatted(runner.place(), name, String.join(", ", candidates(name))),
        "install the client programs of PostgreSQL %d (Debian: postgresql-client-%d), or name their"
                .formatted(serverMajor, serverMajor)
            + " folder under database.tools in the plan.");
  }

  private RecoveryException older(Program program) {
    return new RecoveryException(
        ErrorCode.VERSION_MISMATCH,
        "%s: %s is %s, older than the server's PostgreSQL %d, and cannot read it all"
            .formatted(runner.place(), program.path(), program.version(), serverMajor),
        "install the client programs of PostgreSQL %d, or name their folder under database.tools in"
                .formatted(serverMajor)
            + " the plan.");
  }

  /** Runs a program and passes its output on. COMMAND_FAILED when it ends badly. */
  void copyOutput(Command command, OutputStream output) {
    try (RunningCommand running = runner.start(command)) {
      running.stdin().close();
      byte[] buffer = new byte[BUFFER];
      InputStream stdout = running.stdout();
      for (int count = stdout.read(buffer); count >= 0; count = stdout.read(buffer)) {
        output.write(buffer, 0, count);
      }
      output.flush();
      CommandResult result = running.await();
      new CommandResult(
              result.place(),
              List.of(programOf(command)), // not env, which started it
              result.exitCode(),
              result.errorOutput())
          .requireSuccess();
    } catch (IOException e) {
      if (Thread.currentThread().isInterrupted()) { // whoever reads or writes for it ends so
        throw new RecoveryException(
            ErrorCode.INTERRUPTED,
            "interrupted while passing on what %s gives".formatted(programOf(command)),
            "run this again.",
            e);
      }
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: cannot pass on what %s gives: %s"
              .formatted(runner.place(), programOf(command), e.getMessage()),
          "the reader or the program has gone; look above for why.",
          e);
    }
  }

  /** Runs a program to its end. COMMAND_FAILED when it ends badly. */
  void run(Command command) {
    copyOutput(command, OutputStream.nullOutputStream());
  }

  private static String programOf(Command command) {
    return command.program().equals("env")
        ? command.arguments().stream()
            .filter(argument -> argument.contains("pg_"))
            .findFirst()
            .orElse(command.program())
        : command.program();
  }

  /** A program of ours, connected to the server. */
  Command command(Program program, List<String> arguments, String serverOptions, Duration limit) {
    List<String> line = new ArrayList<>();
    line.add("env");
    NOT_INHERITED.forEach(name -> line.addAll(List.of("-u", name)));
    line.add(program.path());
    line.addAll(arguments);
    return Command.of(line).withEnvironment(environment(serverOptions)).within(limit);
  }

  private Map<String, Secret> environment(String serverOptions) {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("PGHOST", sessions.route().host());
    variables.put("PGPORT", Integer.toString(sessions.route().port()));
    variables.put("PGUSER", sessions.login().user());
    variables.put("PGAPPNAME", "drp");
    variables.put("PGCONNECT_TIMEOUT", "30");
    variables.put("PGSSLMODE", sessions.sslMode());
    variables.put("PGGSSENCMODE", "disable");
    String limits =
        serverMajor < Sessions.TRANSACTIONS_LIMITED
            ? NO_TIMEOUTS
            : NO_TIMEOUTS + Sessions.NO_TRANSACTION_TIMEOUT;
    variables.put("PGOPTIONS", (limits + " " + serverOptions).strip());
    variables.put("LC_ALL", "C");
    Map<String, Secret> environment = new HashMap<>();
    variables.forEach((name, value) -> environment.put(name, new Secret(value)));
    sessions.login().password().ifPresent(it -> environment.put("PGPASSWORD", it));
    return environment;
  }

  /** A connection string for a database of any name. */
  static String connectionTo(String database) {
    return "dbname='" + database.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
