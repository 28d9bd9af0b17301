package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.NamedStorage;
import dev.drp.cli.demo.Demo;
import dev.drp.cli.demo.DemoResult;
import dev.drp.plan.Storage;
import dev.drp.state.StateDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code drp demo}. */
@Command(
    name = "demo",
    description = {
      "Show a recovery: make a database of 100 MB with users who go on writing, back it up, kill"
          + " its server and remove its data, recover it, compare every row, and measure.",
      "Needs no plan. Touches no database of yours; nothing of it remains."
    })
final class DemoCommand extends DrpCommand {
  @Option(
      names = "--runtime",
      paramLabel = "RUNTIME",
      description = "docker or host; what is there unless given.")
  private DemoRuntime.Choice runtime = DemoRuntime.Choice.ANY;

  @Option(
      names = {"-y", "--yes"},
      description = "Install PostgreSQL's programs without asking where nothing else is there.")
  private boolean yes;

  @Override
  ExitStatus run(Session session) {
    DemoRuntime found = new DemoRuntime(session.adapters(), session.console(), session.progress());
    DemoResult result = inNewFolder(session, found);
    session.print(() -> DemoPage.json(result), out -> new DemoPage(out).print(result));
    return result.passed() ? ExitStatus.OK : ExitStatus.FAILED;
  }

  private DemoResult inNewFolder(Session session, DemoRuntime found) {
    Path folder = temporaryFolder();
    try {
      Adapters adapters = session.adapters();
      Storage.Directory storage = new Storage.Directory("local", folder.resolve("storage"), false);
      return new Demo(
              found.servers(runtime, yes),
              adapters.compression(),
              new NamedStorage(storage.name(), false, true, adapters.storage(storage)),
              StateDirectory.open(folder.resolve("state"), session.clock()),
              session.clock(),
              session.progress())
          .run();
    } finally {
      removeAll(folder);
    }
  }

  private static Path temporaryFolder() {
    try {
      return Files.createTempDirectory("drp-demo-");
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot make a temporary folder: " + e,
          "is there space in the folder for temporary files?",
          e);
    }
  }

  private static void removeAll(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      List<Path> deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
      for (Path path : deepestFirst) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UncheckedIOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot remove %s: %s".formatted(folder, e),
          "remove it by hand.",
          e);
    }
  }
}
