package dev.drp.cli;

import dev.drp.database.Lsn;
import dev.drp.procedure.RestoreRequest;
import dev.drp.recovery.Execution;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What commands ask that replace data: which data, and whether it may be replaced. */
final class RestoreOptions {
  @ArgGroup private @Nullable Which which;

  @Option(
      names = "--accept-gap",
      description = "With --at: what was written between the backup and that instant may be lost.")
  private boolean acceptGap;

  @Option(
      names = "--confirm",
      paramLabel = "NAME",
      description = "The name of the database that may be replaced.")
  private @Nullable String confirm;

  @Option(
      names = "--impact",
      paramLabel = "TIME",
      converter = InstantArgument.class,
      description = "When the service was first seen to fail: recovery time counts from there.")
  private @Nullable Instant impact;

  @Option(
      names = "--keep-replaced",
      paramLabel = "DURATION",
      converter = DurationArgument.class,
      description =
          "How long the replaced database is kept for the way back, before `drp backups expire"
              + " --apply` drops it: 7d unless given.")
  private Duration keepReplaced = RestoreRequest.KEEP_REPLACED;

  /** Which backup. */
  private static final class Which {
    @Option(
        names = "--backup",
        paramLabel = "ID",
        description = "This backup; the newest good one unless given.")
    private @Nullable String backup;

    @Option(
        names = "--at",
        paramLabel = "TIME",
        converter = InstantArgument.class,
        description =
            "The newest good backup at or before this instant: 2026-11-22T10:15:00Z. With --kind"
                + " physical, exactly this instant.")
    private @Nullable Instant at;

    @Option(
        names = "--lsn",
        paramLabel = "POSITION",
        description = "With --kind physical: exactly this position of the log, as 0/3000028.")
    private @Nullable String lsn;
  }

  Confirmation confirmation(Session session) {
    return new Confirmation(session.console(), confirm);
  }

  /** What the option says; empty where it was not given. */
  String confirmed() {
    return confirm == null ? "" : confirm;
  }

  /** Whether they name a certain backup, or a position in the log of one server. */
  boolean namesBackup() {
    return which != null && (which.backup != null || which.lsn != null);
  }

  /**
   * @param confirmed name of the database that may be replaced
   */
  RestoreRequest request(String confirmed) {
    RestoreRequest request =
        RestoreRequest.NEWEST.confirming(confirmed).withKeepReplaced(keepReplaced);
    if (impact != null) {
      request = request.withImpact(impact);
    }
    if (which == null) {
      return request;
    }
    if (which.at != null) {
      return request.withAt(which.at, acceptGap);
    }
    if (which.lsn != null) {
      return request.withLsn(Lsn.parse(which.lsn));
    }
    return which.backup == null ? request : request.withBackup(BackupsCommand.id(which.backup));
  }

  /** Says which options lift a refusal, where one of them can. */
  void explainRefusal(Session session, Execution execution, String database, boolean logical) {
    List<String> hints = new ArrayList<>();
    boolean wantsName = execution.problem().filter(it -> it.hint().contains("confirm")).isPresent();
    if (wantsName && !database.equals(confirm)) {
      hints.add("HINT: --confirm %s lets it be replaced.".formatted(Format.quote(database)));
    }
    if (logical && which != null && which.at != null && !acceptGap) {
      hints.add("HINT: --accept-gap accepts that what lies in the gap is lost.");
    }
    session.console().flush();
    hints.forEach(session.console()::note);
  }
}
