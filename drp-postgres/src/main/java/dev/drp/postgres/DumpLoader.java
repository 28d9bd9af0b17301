package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Loads a dump that arrives as a stream: pg_restore makes what comes before the data, {@link
 * TableLoader} copies the data as it comes, pg_restore makes the rest with several jobs. pg_restore
 * is given the dump's head only, so the data is never stored on its way. Why: see
 * docs/design/logical-backup.md.
 */
final class DumpLoader {
  static final String NO_SPACE = "No space left on device";

  /** For each session of pg_restore: its work is lost as a whole if the server fails. */
  private static final String SERVER_OPTIONS =
      "-c default_transaction_read_only=off -c synchronous_commit=off -c maintenance_work_mem=256MB"
          + " -c lc_messages=C";

  private final Sessions sessions;
  private final ClientPrograms programs;
  private final String database;

  DumpLoader(Sessions sessions, ClientPrograms programs, String database) {
    this.sessions = sessions;
    this.programs = programs;
    this.database = database;
  }

  void load(InputStream dump, int jobs, Progress.Task task) {
    ClientPrograms.Program program = programs.find("pg_restore");
    DumpArchive archive;
    try {
      archive = new DumpArchive(dump, task);
    } catch (IOException e) {
      throw TableLoader.endsTooEarly(database, e);
    }
    try (Folder folder = new Folder(programs.runner(), database)) {
      String head = folder.write("head", archive.head());
      String list = folder.write("list", list(archive));
      restore(program, List.of("--section=pre-data", head));
      copyRows(archive, jobs);
      restore(
          program,
          List.of(
              "--section=data",
              "--section=post-data",
              "--use-list=" + list,
              "--jobs=" + jobs,
              head));
    }
    flush();
  }

  private void copyRows(DumpArchive archive, int jobs) {
    try (TableLoader loader = new TableLoader(sessions, database, jobs)) {
      archive.readData(loader);
      loader.finish();
    } catch (IOException e) {
      throw TableLoader.endsTooEarly(database, e);
    }
  }

  /** Everything but the data that was copied already: values of sequences are in that section. */
  private static byte[] list(DumpArchive archive) {
    return archive.entriesWithoutData().stream()
        .map(id -> id + ";\n")
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.US_ASCII);
  }

  private void restore(ClientPrograms.Program program, List<String> what) {
    List<String> arguments = new ArrayList<>(List.of("--exit-on-error", "--no-password"));
    // Tablespaces are folders of the old server; here everything goes where the database goes.
    arguments.add("--no-tablespaces");
    arguments.add("--dbname=" + ClientPrograms.connectionTo(database));
    arguments.addAll(what);
    try {
      programs.run(programs.command(program, arguments, SERVER_OPTIONS, Sessions.LONG));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.COMMAND_FAILED && e.problem().contains(NO_SPACE)) {
        throw new RecoveryException(
            ErrorCode.OUT_OF_SPACE, e.problem(), "make space on the server's disk.", e);
      }
      throw e;
    }
  }

  /** Makes what was committed without waiting safe: one commit that waits is enough. */
  private void flush() {
    try (Session session = sessions.open(database)) {
      session.change("end the restore", "SELECT pg_catalog.txid_current()");
    }
  }

  /**
   * A folder for temporary files where pg_restore runs, for its owner only. One that a killed
   * attempt at the same database left is removed first.
   */
  private static final class Folder implements AutoCloseable {
    private final CommandRunner runner;
    private final String path;

    Folder(CommandRunner runner, String database) {
      this.runner = runner;
      String prefix = "/tmp/drp-restore." + ShortHash.of(database) + ".";
      String script = "rm -rf -- \"$1\"*; mktemp -d \"$1XXXXXX\"";
      this.path = runner.run(Command.of("sh", "-c", script, "sh", prefix)).strip();
    }

    String write(String name, byte[] content) {
      String file = path + "/" + name;
      Command command = Command.of("sh", "-c", "cat > \"$1\"", "sh", file);
      try (RunningCommand running = runner.start(command)) {
        try (OutputStream stdin = running.stdin()) {
          stdin.write(content);
        }
        running.await().requireSuccess();
      } catch (IOException e) {
        throw new RecoveryException(
            ErrorCode.LOCAL_FILE,
            "%s: cannot write %s: %s".formatted(runner.place(), file, e.getMessage()),
            "is there space in /tmp?",
            e);
      }
      return file;
    }

    @Override
    public void close() {
      boolean interrupted = Thread.interrupted(); // an interrupted load leaves nothing either
      try {
        runner.run(Command.of("rm", "-rf", "--", path));
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
