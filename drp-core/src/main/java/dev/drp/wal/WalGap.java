package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Log that the server no longer had when it was asked for: no backup from before it can be
 * recovered to a moment after it.
 *
 * @param at when it was found
 * @param fromTimeline of the first position that is missing
 * @param toTimeline of the position from which on there is log again
 */
public record WalGap(Instant at, int fromTimeline, Lsn from, int toTimeline, Lsn to) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final Pattern NAME =
      Pattern.compile(
          "(\\d{8}T\\d{6}Z)-GAP-([0-9A-F]{8})-([0-9A-F]{16})-([0-9A-F]{8})-([0-9A-F]{16})\\.txt");

  public WalGap {
    requireNonNull(at, "at");
    requireNonNull(from, "from");
    requireNonNull(to, "to");
  }

  /** What a storage calls it; it holds all that it says. */
  String objectName() {
    return "%s-GAP-%08X-%016X-%08X-%016X.txt"
        .formatted(TIME.format(at), fromTimeline, from.value(), toTimeline, to.value());
  }

  static Optional<WalGap> parse(String name) {
    Matcher form = NAME.matcher(name);
    return form.matches()
        ? Optional.of(
            new WalGap(
                Instant.from(TIME.parse(form.group(1))),
                Integer.parseUnsignedInt(form.group(2), 16),
                new Lsn(Long.parseUnsignedLong(form.group(3), 16)),
                Integer.parseUnsignedInt(form.group(4), 16),
                new Lsn(Long.parseUnsignedLong(form.group(5), 16))))
        : Optional.empty();
  }

  /** The command that makes recovery possible again. */
  public String remedy(String environment) {
    return "drp backup %s --kind physical".formatted(environment);
  }

  /** What the object says to whoever opens it. */
  String explanation(String environment) {
    return """
    GAP, found at %s
    %s: the server no longer had it.
    No backup from before it can be recovered to a moment after it. Take a base backup now:
    %s
    """
        .formatted(at, this, remedy(environment));
  }

  /** For people. */
  @Override
  public String toString() {
    return "the log from %s (timeline %s) to %s (timeline %s) is missing"
        .formatted(
            from, Integer.toUnsignedString(fromTimeline), to, Integer.toUnsignedString(toTimeline));
  }
}
