package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.database.DatabaseServer;
import dev.drp.database.WalSlot;
import dev.drp.database.WalSource;
import dev.drp.plan.WalSettings;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Watches how much log a server keeps for the stream: one that has died must not fill the server's
 * disk in silence.
 */
public final class WatchWalSlot {
  private final WalSettings settings;

  public WatchWalSlot(WalSettings settings) {
    this.settings = requireNonNull(settings, "settings");
  }

  /**
   * What was found.
   *
   * @param slot as it was when it was looked at; empty when there is none
   * @param freeBytes of the server's disk; empty where it cannot be asked
   * @param alarm what is wrong with it, for people; empty text when nothing is
   */
  public record Finding(Optional<WalSlot> slot, OptionalLong freeBytes, String alarm) {
    public Finding {
      requireNonNull(slot, "slot");
      requireNonNull(freeBytes, "freeBytes");
      requireNonNull(alarm, "alarm");
    }
  }

  /** Looks, and changes nothing. */
  public Finding look(DatabaseServer server, String environment) {
    try (WalSource wal = server.openWal(WalReceiver.slot(environment))) {
      return look(server, wal, environment);
    }
  }

  /**
   * Looks, and does what the plan says: drops a slot that keeps too much and that nobody streams
   * from.
   */
  public Finding act(DatabaseServer server, String environment) {
    try (WalSource wal = server.openWal(WalReceiver.slot(environment))) {
      Finding finding = look(server, wal, environment);
      if (finding.alarm().isEmpty()
          || settings.beyondLimit() != WalSettings.BeyondLimit.DROP_SLOT
          || finding.slot().isEmpty()
          || finding.slot().get().active()) {
        return finding;
      }
      wal.dropSlot(finding.slot().get().name());
      return new Finding(
          finding.slot(),
          finding.freeBytes(),
          finding.alarm()
              + "; the slot was dropped as the plan says: what the stream has not fetched may be"
              + " lost to the archive");
    }
  }

  private Finding look(DatabaseServer server, WalSource wal, String environment) {
    Optional<WalSlot> slot = wal.slot(WalReceiver.slot(environment));
    OptionalLong free = server.freeBytes();
    return new Finding(slot, free, slot.map(it -> alarm(it, free)).orElse(""));
  }

  private String alarm(WalSlot slot, OptionalLong free) {
    long limit = settings.slotLimit().bytes();
    if (slot.lost()) {
      return "the server has given up slot %s: there is a gap in the log".formatted(slot.name());
    }
    if (slot.keptBytes() > limit) {
      return "the server keeps %s of log for slot %s, more than the %s of the plan"
          .formatted(megabytes(slot.keptBytes()), slot.name(), megabytes(limit));
    }
    if (free.isPresent() && free.getAsLong() < limit - slot.keptBytes()) {
      return "the server's disk has %s left, less than slot %s may still keep (%s)"
          .formatted(megabytes(free.getAsLong()), slot.name(), megabytes(limit - slot.keptBytes()));
    }
    if (slot.bytesLeft().isPresent()
        && slot.keptBytes() > WalSegment.BYTES
        && slot.keptBytes() > slot.bytesLeft().getAsLong()) {
      return "the server keeps %s of log for slot %s and gives it up after another %s"
              .formatted(
                  megabytes(slot.keptBytes()),
                  slot.name(),
                  megabytes(Math.max(0, slot.bytesLeft().getAsLong())))
          + " (max_slot_wal_keep_size)";
    }
    return "";
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,d MB", bytes / 1_000_000);
  }
}
