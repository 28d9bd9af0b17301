package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.Verification;
import dev.drp.backup.VerifyBackups;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code drp backups verify}. */
@Command(
    name = "verify",
    description = {
      "Read backups back from end to end and compare every part with its manifest, in every"
          + " storage. What is found is kept beside each copy.",
      "Exit code 3 if some copies are damaged or cannot be read, 1 if all are."
    })
final class BackupsVerify extends DrpCommand {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "ENVIRONMENT",
      description = "The environment; all unless given.")
  private @Nullable String environment;

  @Option(names = "--backup", paramLabel = "ID", description = "Only this backup.")
  private @Nullable String backup;

  @Override
  ExitStatus run(Session session) {
    List<CatalogProblem> problems = new ArrayList<>();
    List<CatalogEntry> backups = new ArrayList<>();
    if (backup != null) {
      backups.add(BackupsCommand.find(session, backup));
    } else {
      for (String name : BackupsCommand.environments(session.plan(), environment)) {
        CatalogListing listing = session.catalog().list(name);
        backups.addAll(listing.backups());
        problems.addAll(listing.problems());
      }
    }
    if (backups.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.BACKUP_NOT_FOUND,
          "there is no backup to verify",
          "`drp backups` says what is in the storages.");
    }
    List<Verification> results =
        new VerifyBackups(
                session.localCatalog(), session.reader(), session.clock(), session.progress())
            .verify(backups);
    session.print(
        () ->
            Json.object()
                .put("verifications", results.stream().map(BackupsVerify::json).toList())
                .put("problems", problems.stream().map(BackupJson::problem).toList()),
        out -> {
          print(results, out);
          BackupText.problems(problems, out);
        });
    return exitStatus(results, problems);
  }

  private static ExitStatus exitStatus(List<Verification> results, List<CatalogProblem> problems) {
    long good = results.stream().filter(it -> it.failure().isEmpty()).count();
    return good == 0
        ? ExitStatus.FAILED
        : good < results.size() || BackupsCommand.unreachable(problems)
            ? ExitStatus.PARTIAL
            : ExitStatus.OK;
  }

  private static Json json(Verification verification) {
    return Json.object()
        .put("id", verification.id().value())
        .put("storage", verification.storage().name())
        .put("good", verification.failure().isEmpty())
        .put("decrypted", verification.decrypted())
        .put("code", verification.failure().map(RecoveryException::code))
        .put("problem", verification.failure().map(RecoveryException::problem))
        .put("storedBytes", verification.bytes())
        .put("tookSeconds", verification.took());
  }

  private static void print(List<Verification> results, Console out) {
    Table table = Table.of("ID", "STORAGE", "RESULT", ">SIZE", ">TOOK");
    for (Verification it : results) {
      table.row(
          it.id().value(),
          it.storage().name(),
          it.failure().isEmpty()
              ? it.decrypted() ? out.good("good") : out.good("good as stored")
              : it.failure().get().code() == ErrorCode.BACKUP_CORRUPT
                  ? out.bad("DAMAGED")
                  : out.warning("not readable now"),
          Format.bytes(it.bytes()),
          Format.duration(it.took()));
    }
    table.lines().forEach(out::line);
    if (results.stream().anyMatch(it -> !it.decrypted())) {
      out.line();
      out.line(
          "Encrypted backups were compared as stored only: decrypting them takes --identity FILE.");
    }
    for (Verification it : results) {
      it.failure()
          .ifPresent(
              failure -> {
                out.line();
                "%s\nHINT: %s"
                    .formatted(failure.problem(), failure.hint())
                    .lines()
                    .forEach(out::line);
              });
    }
  }
}
