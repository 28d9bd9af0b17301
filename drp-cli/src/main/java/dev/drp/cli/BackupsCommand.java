package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.BackupEvent;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.database.DatabaseDescription;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code drp backups}. */
@Command(
    name = "backups",
    description = "List the backups in all storages, and what else is found there.",
    subcommands = {
      BackupsCommand.Show.class,
      BackupsVerify.class,
      BackupsCopy.class,
      BackupsExpire.class
    })
final class BackupsCommand extends DrpCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "ENVIRONMENT",
      description = "The environment; all unless given.")
  private @Nullable String environment;

  @Override
  ExitStatus run(Session session) {
    List<String> environments = environments(session.plan(), environment);
    List<CatalogEntry> backups = new ArrayList<>();
    List<CatalogProblem> problems = new ArrayList<>();
    for (String name : environments) {
      CatalogListing listing = session.catalog().list(name);
      backups.addAll(listing.backups());
      listing.problems().stream().filter(it -> !problems.contains(it)).forEach(problems::add);
    }
    session.print(
        () ->
            Json.object()
                .put(
                    "backups",
                    backups.stream().map(it -> BackupJson.entry(it, session.now())).toList())
                .put("problems", problems.stream().map(BackupJson::problem).toList()),
        out -> {
          print(backups, environments.size() > 1, session, out);
          BackupText.problems(problems, out);
        });
    return unreachable(problems) ? ExitStatus.PARTIAL : ExitStatus.OK;
  }

  /**
   * The one that was named, which is in the plan; all those with something to back up unless one
   * was.
   */
  static List<String> environments(ContingencyPlan plan, @Nullable String name) {
    return name != null
        ? List.of(plan.environment(name).name())
        : plan.environments().values().stream()
            .filter(it -> it.database().isPresent() || !plan.backupsOf(it.name()).isEmpty())
            .map(Environment::name)
            .toList();
  }

  static boolean unreachable(List<CatalogProblem> problems) {
    return problems.stream().anyMatch(it -> it.kind() == CatalogProblem.Kind.UNREACHABLE);
  }

  private static void print(
      List<CatalogEntry> backups, boolean several, Session session, Console out) {
    if (backups.isEmpty()) {
      out.line("no backups");
      return;
    }
    Table table =
        Table.of(
            "ID",
            several ? "ENVIRONMENT" : "",
            "KIND",
            "STATE",
            "RECOVERY POINT",
            ">AGE",
            ">SIZE",
            ">ROWS",
            "WHERE");
    for (CatalogEntry backup : backups) {
      BackupManifest manifest = backup.manifest();
      table.row(
          manifest.id().value(),
          several ? manifest.environment() : "",
          Format.word(manifest.kind()),
          BackupText.state(backup, out),
          Format.instant(manifest.recoveryPoint()),
          Format.duration(manifest.dataLossAt(session.now())),
          Format.bytes(manifest.storedBytes()),
          BackupText.rows(manifest),
          BackupText.where(backup));
    }
    table.lines().forEach(out::line);
  }

  /** The backup of that id, in whatever environment of the plan it is. */
  static CatalogEntry find(Session session, String id) {
    BackupId wanted = id(id);
    BackupCatalog catalog = session.catalog();
    List<CatalogProblem> problems = new ArrayList<>();
    for (String environment : environments(session.plan(), null)) {
      CatalogListing listing = catalog.list(environment, wanted);
      Optional<CatalogEntry> found = listing.find(wanted);
      if (found.isPresent()) {
        return found.get();
      }
      problems.addAll(listing.problems());
    }
    throw new RecoveryException(
        ErrorCode.BACKUP_NOT_FOUND,
        "there is no backup %s%s"
            .formatted(
                wanted,
                problems.stream()
                    .map(it -> "; storage %s: %s".formatted(it.storage(), it.what()))
                    .distinct()
                    .collect(Collectors.joining())),
        "`drp backups` lists those that there are.");
  }

  static BackupId id(String text) {
    if (!BackupId.isValid(text)) {
      throw new RecoveryException(
          ErrorCode.USAGE,
          "%s is not the id of a backup".formatted(Format.quote(text)),
          "an id looks like 20261122T101500Z-3f9a1c; `drp backups` lists them.");
    }
    return new BackupId(text);
  }

  /** {@code drp backups show}. */
  @Command(name = "show", description = "Show everything that is known of a backup.")
  static final class Show extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ID", description = "The backup.")
    private String id;

    @Override
    ExitStatus run(Session session) {
      CatalogEntry entry = find(session, id);
      session.print(() -> BackupJson.full(entry, session.now()), out -> print(entry, session, out));
      return ExitStatus.OK;
    }

    private static void print(CatalogEntry entry, Session session, Console out) {
      BackupManifest manifest = entry.manifest();
      out.line(
          "backup %s of %s, %s, %s"
              .formatted(
                  out.bold(manifest.id().value()),
                  manifest.environment(),
                  Format.word(manifest.kind()),
                  BackupText.state(entry, out)));
      Table facts = BackupText.facts(manifest, session);
      if (manifest.databaseFacts().isPresent()) {
        describeDatabase(manifest, facts);
      }
      facts.row(
          "",
          "written by",
          "drp %s on %s, writer %s, epoch %d"
              .formatted(
                  manifest.writer().version(),
                  manifest.writer().host(),
                  manifest.writer().id(),
                  manifest.writer().epoch()));
      if (!manifest.toolVersions().isEmpty()) {
        facts.row("", "with", String.join(", ", manifest.toolVersions()));
      }
      facts.lines().forEach(out::line);
      manifest
          .files()
          .ifPresent(
              files -> {
                files.changed().forEach(it -> out.line("  " + out.warning("changed") + "  " + it));
                files.notIncluded().forEach(it -> out.line("  not included  " + it));
              });
      manifest.unreadable().forEach(it -> out.line("  " + out.bad("not readable") + "  " + it));
      out.line();
      Table parts = Table.of("PART", ">STORED", ">PLAIN", "SHA-256 AS STORED");
      manifest
          .parts()
          .forEach(
              it ->
                  parts.row(
                      it.name(),
                      Format.bytes(it.bytes()),
                      Format.bytes(it.plainBytes()),
                      it.sha256()));
      parts.lines().forEach(out::line);
      entry.copies().forEach(copy -> print(copy, session, out));
      if (manifest.rows().isEmpty()) {
        return;
      }
      out.line();
      Table rows = Table.of("TABLE", ">ROWS");
      manifest
          .rows()
          .forEach(it -> rows.row(it.schema() + "." + it.table(), Format.count(it.rows())));
      rows.lines().forEach(out::line);
    }

    private static void describeDatabase(BackupManifest manifest, Table facts) {
      facts
          .row(
              "",
              "server",
              "PostgreSQL %s, %s, system identifier %s"
                  .formatted(
                      manifest.server().version(),
                      manifest.server().place(),
                      manifest.server().systemIdentifier()))
          .row(
              "",
              "image",
              manifest
                  .server()
                  .image()
                  .map(it -> "%s (%s)".formatted(it.reference(), it.id()))
                  .orElse("none: on a host"))
          .row("", "schema version", manifest.database().schemaVersion().orElse("not known"))
          .row(
              "",
              "extensions",
              manifest.database().extensions().stream()
                  .map(Show::extension)
                  .collect(Collectors.joining(", ")));
    }

    private static String extension(DatabaseDescription.Extension extension) {
      return extension.name() + " " + extension.version();
    }

    private static void print(BackupCopy copy, Session session, Console out) {
      out.line();
      out.line(
          "in %s: %s, folder %s"
              .formatted(
                  copy.storage(), BackupText.state(copy.state(), out), copy.folder().value()));
      copy.defects().forEach(it -> out.line("  " + out.bad("defect") + "  " + it));
      Table events = Table.of("", "", "", "");
      for (BackupEvent event : copy.events()) {
        events.row(
            "",
            Format.instant(event.at(), session.console().zone()),
            event.type().name(),
            event.detail());
      }
      events.lines().forEach(out::line);
    }
  }
}
