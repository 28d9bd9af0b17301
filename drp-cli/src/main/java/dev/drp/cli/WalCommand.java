package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.NamedStorage;
import dev.drp.database.DatabaseServer;
import dev.drp.database.Lsn;
import dev.drp.database.WalSlot;
import dev.drp.database.WalSource;
import dev.drp.plan.Environment;
import dev.drp.plan.WalSettings;
import dev.drp.state.EnvironmentState;
import dev.drp.wal.StreamWal;
import dev.drp.wal.WalArchive;
import dev.drp.wal.WalEvent;
import dev.drp.wal.WalGap;
import dev.drp.wal.WalStatus;
import dev.drp.wal.WatchWalSlot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drp wal}: the write-ahead log of an environment's server. */
@Command(
    name = "wal",
    description = "Stream the write-ahead log of an environment's database to the storages.",
    subcommands = {
      WalCommand.Stream.class,
      WalCommand.State.class,
      WalCommand.Check.class,
      WalCommand.Sync.class
    })
final class WalCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw Drp.noCommand(spec);
  }

  /** {@code drp wal stream}. */
  @Command(
      name = "stream",
      description = {
        "Stream the write-ahead log to the storages of the plan, until Ctrl-C or SIGTERM: then what"
            + " has come in is shipped, and the exit code is 0.",
        "Goes on where it stopped, also after it was killed. Run it as a service."
      })
  static final class Stream extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Option(
        names = "--until-caught-up",
        description = "End once all that the server had at the start is stored.")
    private boolean untilCaughtUp;

    @Override
    ExitStatus run(Session session) {
      Environment of = session.plan().environment(environment);
      WalSettings settings = StreamWal.settings(of);
      List<WalEvent> events = new ArrayList<>();
      List<String> behind =
          new StreamWal(
                  session.adapters().databases(),
                  session.storages().require(settings.to(), "the log of " + environment),
                  session.coding(),
                  session.state(),
                  session.clock(),
                  event -> {
                    session.console().note(line(event));
                    synchronized (events) {
                      if (events.size() < 1000) {
                        events.add(event);
                      }
                    }
                  })
              .stream(
                  session.plan().application(),
                  of,
                  untilCaughtUp ? StreamWal.Until.CAUGHT_UP : StreamWal.Until.INTERRUPTED);
      session.print(
          () ->
              Json.object()
                  .put("environment", environment)
                  .put("behind", behind)
                  .put("events", events.stream().map(Stream::json).toList()),
          out -> {});
      return behind.isEmpty() ? ExitStatus.OK : ExitStatus.PARTIAL;
    }

    private static String line(WalEvent event) {
      return "%s  %s  %s"
          .formatted(Format.instant(event.at()), Format.word(event.kind()), event.text());
    }

    private static Json json(WalEvent event) {
      return Json.object()
          .put("at", event.at())
          .put("kind", event.kind())
          .put("text", event.text());
    }
  }

  /** {@code drp wal status}. */
  @Command(
      name = "status",
      description = {
        "How far the log is in each storage, what the server keeps of it, and gaps.",
        "Exit code 4 if nobody streams, a storage is behind, the server keeps too much, or it does"
            + " not answer."
      })
  static final class State extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Override
    ExitStatus run(Session session) {
      Environment of = session.plan().environment(environment);
      WalSettings settings = StreamWal.settings(of);
      EnvironmentState state =
          session.state().environment(session.plan().application(), environment);
      Optional<String> streaming = state.walLockHolder();
      Optional<WalStatus> status = WalStatus.read(state);
      List<String> problems = new ArrayList<>();
      if (streaming.isEmpty()) {
        problems.add("nobody on this machine streams the log of " + environment);
      }
      WatchWalSlot.@Nullable Finding slot = null;
      try (DatabaseServer server = session.adapters().databases().connect(of)) {
        slot = new WatchWalSlot(settings).look(server, environment);
        if (!slot.alarm().isEmpty()) {
          problems.add(slot.alarm());
        }
      } catch (RecoveryException e) {
        problems.add(e.problem());
      }
      status.ifPresent(
          it ->
              it.copies().stream()
                  .filter(
                      copy ->
                          !copy.problem().isEmpty()
                              || copy.isBehind(settings.maxLag(), session.now()))
                  .forEach(
                      copy ->
                          problems.add(
                              "storage %s is behind%s"
                                  .formatted(
                                      copy.storage(),
                                      copy.problem().isEmpty() ? "" : ": " + copy.problem()))));
      List<WalGap> gaps = status.map(it -> gaps(session, settings, it)).orElse(List.of());
      WatchWalSlot.@Nullable Finding found = slot;
      session.print(
          () -> json(session, streaming, status, found, gaps, problems),
          out -> print(session, streaming, status, found, gaps, problems));
      return problems.isEmpty() ? ExitStatus.OK : ExitStatus.OBJECTIVE_MISSED;
    }

    private List<WalGap> gaps(Session session, WalSettings settings, WalStatus status) {
      return session.storages().open(settings.to()).stream()
          .flatMap(storage -> gaps(session, storage, status).stream())
          .distinct()
          .toList();
    }

    private List<WalGap> gaps(Session session, NamedStorage storage, WalStatus status) {
      try {
        return new WalArchive(
                storage,
                session.plan().application(),
                environment,
                status.systemIdentifier(),
                session.decoding())
            .gaps();
      } catch (RecoveryException e) {
        return List.of(); // that it is down is told already
      }
    }

    private Json json(
        Session session,
        Optional<String> streaming,
        Optional<WalStatus> status,
        WatchWalSlot.@Nullable Finding slot,
        List<WalGap> gaps,
        List<String> problems) {
      return Json.object()
          .put("environment", environment)
          .put("streamedBy", streaming)
          .put("asOf", status.map(WalStatus::at))
          .put("systemIdentifier", status.map(WalStatus::systemIdentifier))
          .put("timeline", status.map(it -> (long) it.timeline()))
          .put("received", status.map(it -> it.received().toString()))
          .put("safe", status.map(it -> it.safe().toString()))
          .put("recoveryPoint", status.flatMap(WalStatus::recoveryPoint))
          .put(
              "lagSeconds",
              status
                  .flatMap(WalStatus::recoveryPoint)
                  .map(it -> Duration.between(it, session.now())))
          .put(
              "storages",
              status.map(WalStatus::copies).orElse(List.of()).stream().map(State::json).toList())
          .put("slot", slot == null ? null : slot.slot().map(State::json))
          .put("freeBytes", slot == null ? null : slot.freeBytes())
          .put("gaps", gaps.stream().map(it -> json(it, environment)).toList())
          .put("problems", problems);
    }

    private static Json json(WalStatus.Copy copy) {
      return Json.object()
          .put("storage", copy.storage())
          .put("timeline", copy.timeline())
          .put("to", copy.to().toString())
          .put("completeUntil", copy.completeUntil())
          .put("problem", copy.problem().isEmpty() ? null : copy.problem());
    }

    private static Json json(WalSlot slot) {
      return Json.object()
          .put("name", slot.name())
          .put("active", slot.active())
          .put("lost", slot.lost())
          .put("keptFrom", slot.keptFrom().map(Lsn::toString))
          .put("keptBytes", slot.keptBytes())
          .put("bytesLeft", slot.bytesLeft());
    }

    private static Json json(WalGap gap, String environment) {
      return Json.object()
          .put("at", gap.at())
          .put("fromTimeline", gap.fromTimeline())
          .put("from", gap.from().toString())
          .put("toTimeline", gap.toTimeline())
          .put("to", gap.to().toString())
          .put("remedy", gap.remedy(environment));
    }

    private void print(
        Session session,
        Optional<String> streaming,
        Optional<WalStatus> status,
        WatchWalSlot.@Nullable Finding slot,
        List<WalGap> gaps,
        List<String> problems) {
      Console out = session.console();
      out.line("streamed by     " + streaming.orElse("nobody"));
      status.ifPresent(
          it -> {
            out.line(
                "received        %s of timeline %d, as of %s"
                    .formatted(it.received(), it.timeline(), Format.instant(it.at())));
            out.line(
                "recovery point  "
                    + it.recoveryPoint()
                        .map(at -> Format.relative(at, session.now()))
                        .orElse("not known"));
            for (WalStatus.Copy copy : it.copies()) {
              out.line(
                  "storage %s  %s of timeline %d%s"
                      .formatted(
                          copy.storage(),
                          copy.to(),
                          copy.timeline(),
                          copy.completeUntil()
                              .map(at -> ", complete until " + Format.instant(at))
                              .orElse("")));
            }
          });
      if (slot != null) {
        slot.slot()
            .ifPresent(
                it ->
                    out.line(
                        "slot %s  the server keeps %s"
                            .formatted(it.name(), Format.bytes(it.keptBytes()))));
      }
      for (WalGap gap : gaps) {
        out.line(
            out.bad("gap")
                + "  "
                + gap
                + ", found at "
                + Format.instant(gap.at())
                + "; "
                + gap.remedy(environment));
      }
      problems.forEach(it -> out.line(out.warning("problem") + "  " + it));
    }
  }

  /** {@code drp wal check}. */
  @Command(
      name = "check",
      description = {
        "Look whether the server keeps too much log for the stream, and do what the plan says: tell"
            + " it, or drop the slot. For cron: a stream that has died cannot tell.",
        "Exit code 4 if it keeps too much."
      })
  static final class Check extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Override
    ExitStatus run(Session session) {
      Environment of = session.plan().environment(environment);
      WatchWalSlot watch = new WatchWalSlot(StreamWal.settings(of));
      try (DatabaseServer server = session.adapters().databases().connect(of)) {
        WatchWalSlot.Finding finding = watch.act(server, environment);
        String alarm = finding.alarm();
        session.print(
            () ->
                Json.object()
                    .put("environment", environment)
                    .put("keptBytes", finding.slot().map(WalSlot::keptBytes))
                    .put("freeBytes", finding.freeBytes())
                    .put("alarm", alarm.isEmpty() ? null : alarm),
            out -> out.line(alarm.isEmpty() ? "the server keeps no more log than it may" : alarm));
        return alarm.isEmpty() ? ExitStatus.OK : ExitStatus.OBJECTIVE_MISSED;
      }
    }
  }

  /** {@code drp wal sync}. */
  @Command(
      name = "sync",
      description = {
        "on: let commits wait until the stream has stored them; off: let them wait no longer, also"
            + " those that wait now."
      })
  static final class Sync extends DrpCommand {
    @Parameters(index = "0", paramLabel = "on|off", description = "Whether commits wait.")
    private Switch wanted;

    @Parameters(index = "1", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    /** Two words. */
    private enum Switch {
      ON,
      OFF
    }

    @Override
    ExitStatus run(Session session) {
      Environment of = session.plan().environment(environment);
      try (DatabaseServer server = session.adapters().databases().connect(of);
          WalSource wal = server.openWal(StreamWal.streamName(environment))) {
        wal.waitForUs(wanted == Switch.ON);
      }
      session.print(
          () ->
              Json.object().put("environment", environment).put("synchronous", wanted == Switch.ON),
          out ->
              out.line(
                  wanted == Switch.ON
                      ? "commits wait until the stream has them; while it is down, all wait"
                      : "commits wait for the stream no longer"));
      return ExitStatus.OK;
    }
  }
}
