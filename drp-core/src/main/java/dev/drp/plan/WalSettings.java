package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/** How the write-ahead log of a database server is streamed to the storages. */
public record WalSettings(
    @Key(value = "where to: each gets all of it", refersTo = "storages", atLeastOne = true)
        List<String> to,
    @Key(
            value = "how long what was written may be in no storage yet while all works",
            defaultsTo = "10s")
        Duration maxLag,
    @Key(value = "how much log the server may keep while nobody fetches it", defaultsTo = "4 GB")
        DataSize slotLimit,
    @Key(
            value = "what to do beyond that, or when the disk would be full before",
            defaultsTo = "alarm")
        BeyondLimit beyondLimit,
    @Key(
            value =
                "whether a commit waits until the first storage has it: nothing is lost then, but"
                    + " while the stream is down every commit waits",
            defaultsTo = "false")
        boolean synchronous) {
  public static final Duration DEFAULT_MAX_LAG = Duration.ofSeconds(10);
  public static final DataSize DEFAULT_SLOT_LIMIT = new DataSize(4_000_000_000L);

  /** What is done when a server keeps more log than it may. */
  public enum BeyondLimit {
    /** Say so, and keep the log: the server's disk may fill up. */
    ALARM,
    /** Drop the slot: the disk is safe, and the log has a gap. */
    DROP_SLOT
  }

  public WalSettings {
    requireNonNull(maxLag, "maxLag");
    requireNonNull(slotLimit, "slotLimit");
    requireNonNull(beyondLimit, "beyondLimit");
    to = List.copyOf(to);
    Rules.of("wal")
        .check(!to.isEmpty(), "to", "no storage", "at least one storage")
        .check(to.stream().distinct().count() == to.size(), "to", to, "each storage once")
        .check(
            maxLag.compareTo(Duration.ofMillis(100)) >= 0
                && maxLag.compareTo(Duration.ofHours(1)) <= 0,
            "max-lag",
            maxLag,
            "from 100ms to 1h")
        .enforce();
  }

  /** To these storages, with the defaults for the rest. */
  public static WalSettings to(String... storages) {
    return new WalSettings(
        List.of(storages), DEFAULT_MAX_LAG, DEFAULT_SLOT_LIMIT, BeyondLimit.ALARM, false);
  }
}
