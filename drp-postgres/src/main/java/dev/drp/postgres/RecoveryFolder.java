package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import dev.drp.database.RecoveryTarget;
import dev.drp.database.ServerFiles;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A folder with a data directory of a backup's files, from which a throw-away server recovers. The
 * settings in the files are set aside for ours: theirs fit another machine, and would have it
 * archive, follow and answer as the server that was backed up.
 */
final class RecoveryFolder {
  private static final String SCRIPT = script();
  private static final int BUFFER = 1 << 16;

  /**
   * What is written goes to disk while more is unpacked: else the kernel slows the writer down when
   * much is not on disk, and whoever syncs the folder afterwards waits for all of it.
   */
  private static final String UNPACK =
      """
      umask 077
      mkdir -- "$1" || exit
      while kill -0 $$ && sync -f "$1" && sleep 0.5; do :; done >/dev/null 2>&1 &
      flusher=$!
      LC_ALL=C tar -x -f - -C "$1"
      status=$?
      kill $flusher 2>/dev/null
      wait $flusher
      exit $status
      """;

  /**
   * A segment that is not there ends the replay; one that cannot be copied ends the server, as exit
   * codes above 125 do: else a full disk would pass for the end of the log.
   */
  private static final String RESTORE_COMMAND =
      "test -f \"%1$s/%%f\" || exit 1; cp \"%1$s/%%f\" \"%%p\" || exit 126"
          .formatted(ServerFiles.LOG_FOLDER);

  private static final DateTimeFormatter MICROSECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSS'+00'").withZone(ZoneOffset.UTC);

  private final CommandRunner runner;
  private final Function<List<String>, Command> commands;
  private final String folder;
  private final String programs;
  private final boolean loadsLibraries;

  /**
   * @param commands makes what is to run one that runs as the server's account
   * @param folder where it is; only for that account
   * @param programs what to put before the names of the server's programs
   * @param loadsLibraries whether the libraries that the files' settings load at start are there
   */
  RecoveryFolder(
      CommandRunner runner,
      Function<List<String>, Command> commands,
      String folder,
      String programs,
      boolean loadsLibraries) {
    this.runner = runner;
    this.commands = commands;
    this.folder = folder;
    this.programs = programs;
    this.loadsLibraries = loadsLibraries;
  }

  private static String script() {
    try (InputStream script = RecoveryFolder.class.getResourceAsStream("recovery.sh")) {
      if (script == null) {
        throw new IllegalStateException("recovery.sh is not in the jar");
      }
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String data() {
    return folder + "/data";
  }

  /** Unpacks everything, but so that no server starts from it yet. */
  void unpack(ServerFiles files) {
    unpack(files, runner, commands.apply(unpacking(data())));
  }

  /**
   * The same, by this machine's own programs.
   *
   * @param volume where this machine has the folder
   */
  void unpack(ServerFiles files, CommandRunner host, VolumeFolder volume) {
    unpack(files, host, volume.command(unpacking("data")));
  }

  private static List<String> unpacking(String into) {
    return List.of("sh", "-c", UNPACK, "sh", into);
  }

  private static void unpack(ServerFiles files, CommandRunner runner, Command tar) {
    try (RunningCommand running = runner.start(tar.within(Sessions.LONG))) {
      Noticing stdin = new Noticing(running.stdin());
      try (ControlFileLast output = new ControlFileLast(new BufferedOutputStream(stdin, BUFFER))) {
        files.writeTo(output);
        output.finish();
      } catch (IOException | RecoveryException e) {
        if (!stdin.broken) {
          throw e;
        }
        // The program has gone, and says why.
      }
      stdin.close();
      requireSuccess(running.await());
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: cannot unpack the files of a server: %s".formatted(runner.place(), e.getMessage()),
          "can the backup still be read?",
          e);
    }
  }

  private static void requireSuccess(CommandResult result) {
    if (result.errorOutput().contains(DumpLoader.NO_SPACE)) {
      throw new RecoveryException(
          ErrorCode.OUT_OF_SPACE,
          "%s: the files of the server do not fit: %s"
              .formatted(result.place(), result.errorOutput().strip()),
          "make space there.");
    }
    new CommandResult(result.place(), List.of("tar"), result.exitCode(), result.errorOutput())
        .requireSuccess();
  }

  /** Knows whether the reader has gone, as opposed to the writer's own trouble. */
  private static final class Noticing extends FilterOutputStream {
    private boolean broken;

    Noticing(OutputStream output) {
      super(output);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        broken = true;
        throw e;
      }
    }

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } catch (IOException e) {
        broken = true;
      }
    }
  }

  /**
   * Makes it a data directory from which a server recovers to the target.
   *
   * @param superuser who may connect, from here only
   * @param settings where it listens, and what else this place needs
   */
  void prepare(RecoveryTarget target, String superuser, Map<String, String> settings) {
    Map<String, String> all = new LinkedHashMap<>(settings);
    all.putAll(recovery(target));
    String lines =
        all.entrySet().stream()
            .map(setting -> setting.getKey() + " = " + quoted(setting.getValue()))
            .collect(Collectors.joining("\n"));
    String user = Sql.name(superuser);
    String access = "local all %1$s trust\nhost all %1$s 127.0.0.1/32 trust".formatted(user);
    runner.run(
        commands
            .apply(
                List.of(
                    "sh",
                    "-c",
                    SCRIPT,
                    "sh",
                    folder,
                    lines,
                    access,
                    programs,
                    loadsLibraries ? "libraries" : ""))
            .within(Sessions.LONG));
  }

  private static Map<String, String> recovery(RecoveryTarget target) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("restore_command", RESTORE_COMMAND);
    settings.put(
        "recovery_target_timeline",
        switch (target.timeline()) {
          case LATEST -> "latest";
          case OF_BACKUP -> "current";
        });
    if (target.point() instanceof RecoveryTarget.Consistent) {
      settings.put("recovery_target", "immediate");
    } else if (target.point() instanceof RecoveryTarget.AtInstant at) {
      settings.put("recovery_target_time", text(at.instant()));
    } else if (target.point() instanceof RecoveryTarget.AtLsn at) {
      settings.put("recovery_target_lsn", text(at.lsn()));
    }
    settings.put("recovery_target_action", "promote");
    // A server that is open while it recovers stops for good where the log tells of limits higher
    // than its own. This one is asked only once it has recovered.
    settings.put("hot_standby", "off");
    settings.put("log_startup_progress_interval", "1s");
    settings.put("archive_mode", "off");
    settings.put("archive_command", "");
    settings.put("primary_conninfo", "");
    settings.put("primary_slot_name", "");
    settings.put("synchronous_standby_names", "");
    settings.put("max_logical_replication_workers", "0"); // subscriptions are the primary's
    settings.put("cron.launch_active_jobs", "off"); // and so are the jobs of pg_cron
    settings.put("lc_messages", "C");
    return settings;
  }

  private static String text(Instant instant) {
    return MICROSECONDS.format(instant);
  }

  private static String text(Lsn lsn) {
    return lsn.toString();
  }

  private static String quoted(String value) {
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'";
  }
}
