package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.Coding;
import dev.drp.kit.BootstrapKit;
import dev.drp.kit.Kit;
import dev.drp.kit.KitRequest;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drp kit}. */
@Command(
    name = "kit",
    description = {
      "Make the bootstrap kit: one encrypted file with this program, the plan, host keys and the"
          + " keys of the storages, and one page to print that says how a person on a new machine"
          + " begins a rebuild with it.",
      "Keep both where the loss of the primary site does not reach them. Exit code 3 if something"
          + " that belongs into it cannot be read here."
    })
final class KitCommand extends DrpCommand {
  @Option(
      names = "--into",
      paramLabel = "FOLDER",
      defaultValue = ".",
      description = "Where to write them; the current folder unless given.")
  private Path folder = Path.of(".");

  @Option(
      names = "--plain",
      description =
          "Readable by everybody, and so without any secret; also where the plan names recipients.")
  private boolean plain;

  @Override
  ExitStatus run(Session session) {
    ContingencyPlan plan = session.plan();
    Kit kit =
        new BootstrapKit(session.adapters().programs(), session.clock())
            .make(
                new KitRequest(
                    plan,
                    session.loadedPlan().file(),
                    Arrays.stream(
                            System.getProperty("java.class.path", "").split(File.pathSeparator))
                        .map(Path::of)
                        .toList(),
                    Main.class.getName(),
                    plan.environments().keySet().stream()
                        .flatMap(name -> newest(session, name))
                        .toList(),
                    plain ? Coding.plain(session.coding().compression()) : session.coding(),
                    plain,
                    Path.of(System.getProperty("user.home", ".")),
                    folder.toAbsolutePath().normalize()));
    session.print(
        () ->
            Json.object()
                .put("file", kit.file().toString())
                .put("bytes", kit.bytes())
                .put("sha256", kit.sha256())
                .put("page", kit.page().toString())
                .put("missing", kit.missing())
                .put("notes", kit.notes()),
        out -> print(kit, out));
    return kit.missing().isEmpty() ? ExitStatus.OK : ExitStatus.PARTIAL;
  }

  /** A storage that does not answer is no reason to have no kit. */
  private static Stream<CatalogEntry> newest(Session session, String environment) {
    try {
      CatalogListing listing = session.catalog().list(environment);
      return Arrays.stream(BackupKind.values())
          .flatMap(kind -> listing.ofKind(kind).newestGood().stream());
    } catch (RecoveryException e) {
      session.progress().message(e.problem());
      return Stream.empty();
    }
  }

  private static void print(Kit kit, Console out) {
    Table.of("", "", "")
        .row("", "kit", "%s, %s".formatted(kit.file(), Format.bytes(kit.bytes())))
        .row("", "SHA-256", kit.sha256())
        .row("", "page to print", kit.page().toString())
        .lines()
        .forEach(out::line);
    List<String> missing = kit.missing();
    missing.forEach(it -> out.line(out.bad("missing") + ": " + it));
    kit.notes().forEach(it -> out.line(out.warning("note") + ": " + it));
    out.line("Keep both where the loss of the primary site does not reach them.");
  }
}
