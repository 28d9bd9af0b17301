package dev.drp.kit;

import dev.drp.backup.CatalogEntry;
import dev.drp.plan.BackupKind;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.SshFiles;
import dev.drp.plan.Storage;
import dev.drp.plan.WrittenPlan;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The page to be printed: what to do with a kit, for somebody who has nothing else. */
final class KitPage {
  private final KitRequest request;
  private final PlanReferences references;
  private final String name;
  private final Instant made;
  private final List<String> missing;
  private final List<String> notes;

  KitPage(
      KitRequest request,
      PlanReferences references,
      String name,
      Instant made,
      List<String> missing,
      List<String> notes) {
    this.request = request;
    this.references = references;
    this.name = name;
    this.made = made;
    this.missing = List.copyOf(missing);
    this.notes = List.copyOf(notes);
  }

  /** The copy that is in the kit, which cannot hold the hash of the kit. */
  String inside() {
    return page(List.of(), List.of("You have unpacked the kit: go on below.", ""));
  }

  /** The one to be printed. */
  String printed(String file, long bytes, String sha256) {
    String read =
        request
            .coding()
            .encryption()
            .map(it -> it.undoCommand() + " " + file)
            .orElse("cat " + file);
    return page(
        List.of(
            "The kit is the file `%s`, %d bytes.".formatted(file, bytes),
            "Its SHA-256 is",
            "",
            "    " + sha256,
            ""),
        List.of(
            "    sha256sum " + file,
            needsIdentity() ? "    IDENTITY=…/identity.txt" : "",
            "    %s | %s | tar -xp".formatted(read, request.coding().compression().undoCommand()),
            "    cd " + name,
            ""));
  }

  private String page(List<String> kit, List<String> unpack) {
    ContingencyPlan plan = request.plan();
    Path planFile = request.planFile().toAbsolutePath().normalize();
    List<String> lines = new ArrayList<>();
    lines.add("# Recovery kit of %s".formatted(plan.application()));
    lines.add("");
    lines.add(
        "Made at %s UTC. Make a new one when the plan, a key or the program has changed, and"
            .formatted(
                made.truncatedTo(ChronoUnit.SECONDS)
                    .toString()
                    .replace('T', ' ')
                    .replace("Z", "")));
    lines.add("keep it, with this page, where the loss of the primary site does not reach it.");
    lines.add("");
    lines.addAll(kit);
    lines.add("## What you need");
    lines.add("");
    lines.add(
        "- a machine with Linux, and the programs `tar`, `zstd`%s"
            .formatted(request.encrypted() ? " and `age`" : ""));
    if (needsIdentity()) {
      lines.add("- the identity of one of these recipients, which is nowhere in the kit:");
      plan.encryption().publicKeys().forEach(it -> lines.add("  - `%s`".formatted(it)));
    }
    references.variables().forEach(it -> lines.add("- the value of `%s`".formatted(it)));
    Stream.concat(missing.stream(), notes.stream())
        .forEach(it -> lines.add("- mind: %s".formatted(it)));
    lines.add("");
    lines.add("## What to do");
    lines.add("");
    lines.addAll(unpack);
    lines.add("Put the plan and what it refers to in place; it overwrites what is there:");
    lines.add("");
    lines.add("    tar -c -C files . | sudo tar -x -p --no-overwrite-dir -C /");
    references.variables().forEach(it -> lines.add("    export %s=…".formatted(it)));
    lines.add("    export DRP_PLAN=" + quoted(planFile));
    lines.add("");
    lines.add("See what there is, prove a backup without touching anything, then restore:");
    lines.add("");
    String identity = needsIdentity() ? " --identity \"$IDENTITY\"" : "";
    lines.add("    ./drp --plan \"$DRP_PLAN\" backups");
    plan.environments().keySet().forEach(environment -> files(environment, identity, lines));
    plan.environments().values().stream()
        .filter(environment -> environment.database().isPresent())
        .flatMap(environment -> commands(environment.name(), identity))
        .forEach(lines::add);
    lines.add("");
    rebuild(identity, lines);
    lines.add("Without this program: each backup holds a README.md with the commands of standard");
    lines.add("programs that restore it.");
    lines.add("");
    lines.add("## Where the backups are");
    lines.add("");
    plan.storages().values().forEach(storage -> storage(storage, lines));
    lines.add("");
    lines.add("The newest good ones when this was made:");
    lines.add("");
    request.newest().forEach(backup -> lines.add(newest(backup)));
    if (request.newest().isEmpty()) {
      lines.add("- none");
    }
    people(plan.written(), lines);
    return String.join("\n", lines) + "\n";
  }

  /** All of it at once, for what is on an engine. */
  private void rebuild(String identity, List<String> lines) {
    boolean any =
        request.plan().environments().values().stream().anyMatch(it -> it.compose().isPresent());
    if (any) {
      lines.add("Or all of it at once, on a machine with Docker on which nothing of it is left:");
      lines.add(
          "`./drp --plan \"$DRP_PLAN\"%s rebuild --all --mode plan` says what it would do, and"
              .formatted(identity));
      lines.add("without `--mode plan` it does it. What fails is gone on with by `./drp resume`.");
      lines.add("");
    }
  }

  /** For the kit, or for the backups when the kit is plain. */
  private boolean needsIdentity() {
    return !request.plan().encryption().publicKeys().isEmpty();
  }

  /** Before the database, which may run in a container that these files describe. */
  private void files(String environment, String identity, List<String> lines) {
    boolean some =
        request.newest().stream()
            .map(CatalogEntry::manifest)
            .anyMatch(it -> it.environment().equals(environment) && it.files().isPresent());
    if (some) {
      String command =
          "    ./drp --plan \"$DRP_PLAN\"%s restore-configuration %s "
              .formatted(identity, environment);
      lines.add(command + "--into restored-" + environment);
      lines.add(command + "--apply --confirm %s   # as root".formatted(environment));
    }
  }

  /** For each kind of backup of its database that there is; with the log that gets nearest. */
  private Stream<String> commands(String environment, String identity) {
    Set<BackupKind> kinds =
        request.newest().stream()
            .filter(backup -> backup.manifest().environment().equals(environment))
            .map(backup -> backup.manifest().kind())
            .collect(Collectors.toSet());
    Stream<String> options =
        Stream.concat(
            kinds.contains(BackupKind.PHYSICAL) ? Stream.of(" --kind physical") : Stream.empty(),
            kinds.contains(BackupKind.LOGICAL) || !kinds.contains(BackupKind.PHYSICAL)
                ? Stream.of("")
                : Stream.empty());
    return options.flatMap(
        kind ->
            Stream.of("drill restore %s", "restore %s --mode check", "restore %s")
                .map(it -> it.formatted(environment) + kind)
                .map(it -> "    ./drp --plan \"$DRP_PLAN\"%s %s".formatted(identity, it)));
  }

  private void storage(Storage storage, List<String> lines) {
    String where =
        storage instanceof Storage.Sftp sftp
            ? "`%s:%s` over SFTP".formatted(sftp.sftp(), sftp.path())
            : storage instanceof Storage.S3 s3
                ? "bucket `%s`%s"
                    .formatted(
                        s3.s3(),
                        s3.endpoint()
                            .map(" of %s"::formatted)
                            .or(() -> s3.region().map(" in %s"::formatted))
                            .orElse(""))
                : "folder `%s` of the primary machine"
                    .formatted(((Storage.Directory) storage).directory());
    lines.add(
        "- **%s**%s: %s".formatted(storage.name(), storage.offSite() ? " (off-site)" : "", where));
    if (storage instanceof Storage.Sftp sftp) {
      HostKeys.of(
              sftp.sftp(), sftp.knownHosts().orElseGet(() -> SshFiles.knownHosts(request.home())))
          .forEach(key -> lines.add("  - host key `%s`".formatted(key)));
    }
  }

  private static String newest(CatalogEntry backup) {
    return "- %s: `%s`, %s, of %s, in %s"
        .formatted(
            backup.manifest().environment(),
            backup.id(),
            backup.manifest().kind().name().toLowerCase(Locale.ROOT),
            backup.recoveryPoint().truncatedTo(ChronoUnit.SECONDS),
            backup.copies().stream()
                .map(copy -> copy.storage().name())
                .collect(Collectors.joining(", ")));
  }

  private static void people(WrittenPlan written, List<String> lines) {
    if (written.contacts().isEmpty() && written.support().isEmpty()) {
      return;
    }
    lines.add("");
    lines.add("## Whom to call");
    lines.add("");
    written
        .contacts()
        .values()
        .forEach(
            contact ->
                lines.add(
                    "- "
                        + Stream.of(
                                Optional.of("**" + contact.role() + "**"),
                                contact.name(),
                                contact.phone(),
                                contact.email())
                            .flatMap(Optional::stream)
                            .collect(Collectors.joining(", "))));
    written
        .support()
        .forEach(
            support -> lines.add("- **%s**, %s".formatted(support.service(), support.contact())));
  }

  private static String quoted(Path path) {
    return "'" + path.toString().replace("'", "'\\''") + "'";
  }
}
