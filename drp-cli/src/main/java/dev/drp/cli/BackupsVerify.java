package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupCopy;
import dev.drp.backup.CatalogEntry;
import dev.drp.backup.CatalogListing;
import dev.drp.backup.CatalogProblem;
import dev.drp.backup.Sample;
import dev.drp.backup.Verification;
import dev.drp.backup.VerifyBackups;
import dev.drp.backup.VerifySample;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
      "With --sample, only a slice is read, another each day: a copy counts as verified once all"
          + " slices were. With --deep, each backup is restored on a throw-away server.",
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

  @Option(
      names = "--storage",
      paramLabel = "STORAGE",
      description = "Only the copies in this storage.")
  private @Nullable String storage;

  @Option(
      names = "--sample",
      paramLabel = "1/N",
      converter = SampleArgument.class,
      description =
          "Only today's slice of N, by a hash of names: run daily, everything is read once in N"
              + " days. With --deep, the backups of that slice.")
  private @Nullable Integer slices;

  @Option(
      names = "--deep",
      description = "Restore each backup on a throw-away server, as `drp drill restore` does.")
  private boolean deep;

  @Override
  ExitStatus run(Session session) {
    List<CatalogProblem> problems = new ArrayList<>();
    Map<String, List<CatalogEntry>> backups = chosen(session, problems);
    if (backups.values().stream().allMatch(List::isEmpty)) {
      throw new RecoveryException(
          ErrorCode.BACKUP_NOT_FOUND,
          "there is no backup to verify" + (storage == null ? "" : " in storage " + storage),
          "`drp backups` says what is in the storages.");
    }
    Optional<Sample> sample =
        Optional.ofNullable(slices)
            .map(
                of -> Sample.of(of, LocalDate.ofInstant(session.now(), session.plan().timeZone())));
    if (deep) {
      return new DeepVerification(session, Optional.ofNullable(storage), sample)
          .run(backups.values().stream().flatMap(List::stream).toList(), problems);
    }
    List<Verification> results = verify(session, backups, sample);
    session.print(
        () ->
            Json.object()
                .put("verifications", results.stream().map(BackupsVerify::json).toList())
                .put("problems", problems.stream().map(BackupJson::problem).toList()),
        out -> {
          print(results, out);
          sample.ifPresent(it -> out.line(whatWasRead(it, results)));
          BackupText.problems(problems, out);
        });
    return exitStatus(results, problems);
  }

  /** What is to be verified, by environment. */
  private Map<String, List<CatalogEntry>> chosen(Session session, List<CatalogProblem> problems) {
    Map<String, List<CatalogEntry>> chosen = new LinkedHashMap<>();
    if (storage != null) {
      session.plan().storage(storage);
    }
    if (backup != null) {
      CatalogEntry found = BackupsCommand.find(session, backup);
      List<BackupCopy> copies =
          found.copies().stream()
              .filter(it -> storage == null || it.storage().name().equals(storage))
              .toList();
      if (!copies.isEmpty()) {
        chosen.put(
            found.manifest().environment(), List.of(new CatalogEntry(found.manifest(), copies)));
      }
      return chosen;
    }
    BackupCatalog catalog = storage == null ? session.catalog() : session.catalog().only(storage);
    for (String name : BackupsCommand.environments(session.plan(), environment)) {
      CatalogListing listing = catalog.list(name);
      chosen.put(name, listing.backups());
      problems.addAll(listing.problems());
    }
    return chosen;
  }

  private static List<Verification> verify(
      Session session, Map<String, List<CatalogEntry>> backups, Optional<Sample> sample) {
    if (sample.isPresent()) {
      VerifySample verifying =
          new VerifySample(
              session.plan().application(),
              session.localCatalog(),
              session.state(),
              session.reader(),
              session.clock(),
              session.progress());
      return backups.entrySet().stream()
          .flatMap(it -> verifying.verify(it.getKey(), it.getValue(), sample.get()).stream())
          .toList();
    }
    return new VerifyBackups(
            session.localCatalog(), session.reader(), session.clock(), session.progress())
        .verify(backups.values().stream().flatMap(List::stream).toList());
  }

  /** What a person must not take for more than it is. */
  private static String whatWasRead(Sample sample, List<Verification> results) {
    long complete =
        results.stream()
            .filter(it -> it.sampled().filter(Verification.Sampled::complete).isPresent())
            .count();
    return "read 1/%d (%s); %s"
        .formatted(
            sample.of(),
            sample,
            complete == 0
                ? "no copy has been read wholly by now, and nothing is said of the rest"
                : Format.count(complete, "copy has", "copies have")
                    + " been read wholly with it, and nothing is said of the others");
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
        .put("sampleSlice", verification.sampled().map(it -> it.sample().slice() + 1))
        .put("sampleOf", verification.sampled().map(it -> it.sample().of()))
        .put(
            "readBytes",
            verification.sampled().map(Verification.Sampled::bytes).orElse(verification.bytes()))
        .put(
            "complete",
            verification.failure().isEmpty()
                && verification.sampled().map(Verification.Sampled::complete).orElse(true))
        .put("tookSeconds", verification.took());
  }

  private static String sampled(Verification.Sampled slice, Console out) {
    return slice.complete()
        ? out.good("good, all slices")
        : slice.objects() == 0 ? "nothing today" : "good so far";
  }

  private static void print(List<Verification> results, Console out) {
    Table table = Table.of("ID", "STORAGE", "RESULT", ">READ", ">SIZE", ">TOOK");
    for (Verification it : results) {
      table.row(
          it.id().value(),
          it.storage().name(),
          it.failure().isEmpty()
              ? it.sampled().isPresent()
                  ? sampled(it.sampled().get(), out)
                  : it.decrypted() ? out.good("good") : out.good("good as stored")
              : it.failure().get().code() == ErrorCode.BACKUP_CORRUPT
                  ? out.bad("DAMAGED")
                  : out.warning("not readable now"),
          Format.bytes(it.sampled().map(Verification.Sampled::bytes).orElse(it.bytes())),
          Format.bytes(it.bytes()),
          Format.duration(it.took()));
    }
    table.lines().forEach(out::line);
    if (results.stream().anyMatch(it -> !it.decrypted() && it.sampled().isEmpty())) {
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
