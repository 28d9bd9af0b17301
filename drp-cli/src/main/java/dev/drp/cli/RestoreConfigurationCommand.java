package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.backup.BackupId;
import dev.drp.files.FileDifference;
import dev.drp.procedure.RestoreConfiguration;
import dev.drp.recovery.Execution;
import dev.drp.recovery.Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp restore-configuration}. */
@Command(
    name = "restore-configuration",
    description = {
      "Bring back the files of a configuration or system backup: into a folder of their own, or in"
          + " place of those that are there; or show how those differ.",
      "With --apply, what is replaced is set aside beside it: restore-undo goes back, and"
          + " restore-commit removes it."
    })
final class RestoreConfigurationCommand extends DrpCommand {
  @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
  private String environment;

  @ArgGroup(multiplicity = "1")
  private What what = new What();

  @Option(
      names = "--backup",
      paramLabel = "ID",
      description = "This backup; the newest good one that holds files unless given.")
  private @Nullable String backup;

  @Option(
      names = "--confirm",
      paramLabel = "NAME",
      description = "With --apply: the name of the environment whose files may be replaced.")
  private @Nullable String confirm;

  /** What to do. */
  private static final class What {
    @Option(
        names = "--into",
        paramLabel = "FOLDER",
        description =
            "Unpack everything in this folder of this machine, which is empty or is made, and touch"
                + " nothing else.")
    private @Nullable Path into;

    @Option(
        names = "--diff",
        description = "Show how what is there now differs from the backup. Exit code 3 if it does.")
    @SuppressWarnings("UnusedVariable") // what is left when it is none of the others
    private boolean diff;

    @Option(
        names = "--apply",
        description = "Put the files of this machine in their places; what is there is set aside.")
    private boolean apply;
  }

  @Override
  ExitStatus run(Session session) {
    session.plan().environment(environment);
    RestoreConfiguration restore = new Recovery(session).restoreConfiguration();
    Optional<BackupId> id = Optional.ofNullable(backup).map(BackupsCommand::id);
    if (what.into != null) {
      return unpack(session, restore.into(environment, id, what.into), what.into);
    }
    return what.apply
        ? apply(session, restore, id)
        : compare(session, restore.compare(environment, id));
  }

  private static ExitStatus unpack(
      Session session, RestoreConfiguration.Unpacked unpacked, Path folder) {
    session.print(
        () ->
            Json.object()
                .put("backup", unpacked.backup().id().value())
                .put("folder", folder.toAbsolutePath().normalize().toString())
                .put(
                    "unpacked",
                    unpacked.archives().stream()
                        .map(
                            it ->
                                Json.object()
                                    .put("from", it.place())
                                    .put("folder", it.folder())
                                    .put("files", it.files()))
                        .toList())
                .put("leftOut", unpacked.leftOut()),
        out -> {
          out.line("backup %s is in %s".formatted(unpacked.backup().id(), folder));
          Table table = Table.of("FROM", "FOLDER", ">FILES");
          unpacked
              .archives()
              .forEach(it -> table.row(it.place(), it.folder(), Format.count(it.files())));
          table.lines().forEach(out::line);
          unpacked.leftOut().forEach(it -> out.line(out.warning("left out") + "  " + it));
        });
    return unpacked.leftOut().isEmpty() ? ExitStatus.OK : ExitStatus.PARTIAL;
  }

  private static ExitStatus compare(Session session, RestoreConfiguration.Comparison comparison) {
    session.print(
        () ->
            Json.object()
                .put("backup", comparison.backup().id().value())
                .put(
                    "differences",
                    comparison.differences().stream()
                        .map(
                            it ->
                                Json.object()
                                    .put("kind", it.kind())
                                    .put("path", it.path())
                                    .put("aspects", it.aspects()))
                        .toList())
                .put("notCompared", comparison.notCompared()),
        out -> print(comparison, out));
    boolean same = comparison.differences().isEmpty() && comparison.notCompared().isEmpty();
    return same ? ExitStatus.OK : ExitStatus.PARTIAL;
  }

  private static void print(RestoreConfiguration.Comparison comparison, Console out) {
    if (comparison.differences().isEmpty()) {
      out.line("nothing differs from backup " + comparison.backup().id());
    } else {
      out.line(
          "%s to backup %s"
              .formatted(
                  Format.count(comparison.differences().size(), "difference", "differences"),
                  comparison.backup().id()));
    }
    Table table = Table.of("", "", "");
    for (FileDifference difference : comparison.differences()) {
      table.row(
          difference.kind().name().toLowerCase(Locale.ROOT),
          difference.path(),
          String.join(", ", difference.aspects()));
    }
    table.lines().forEach(out::line);
    comparison.notCompared().forEach(it -> out.line(out.warning("not compared") + "  " + it));
  }

  private ExitStatus apply(Session session, RestoreConfiguration restore, Optional<BackupId> id) {
    String confirmed =
        new Confirmation(session.console(), confirm)
            .of(
                List.of(
                    "Files of environment %s will be replaced.".formatted(environment),
                    "They are set aside, not removed: `drp restore-undo` goes back."),
                environment);
    Recovery recovery = new Recovery(session);
    Execution execution =
        recovery
            .engine()
            .execute(restore.plan(environment, id, confirmed), Mode.RECOVERY, recovery.listener());
    ExitStatus status = RestoreCommand.report(session, execution);
    if (status == ExitStatus.OK) {
      session.console().flush();
      session.console().note("services read them when they start: restart those that do.");
    }
    if (status == ExitStatus.REFUSED && !environment.equals(confirm)) {
      session.console().flush();
      session
          .console()
          .note(
              "HINT: --confirm %s lets its files be replaced."
                  .formatted(Format.quote(environment)));
    }
    return status;
  }
}
