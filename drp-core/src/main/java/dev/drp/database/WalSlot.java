package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A physical replication slot.
 *
 * @param keptFrom the position from which on the server keeps its log for it; empty when it has
 *     never been used or is lost
 * @param active whether somebody streams from it
 * @param lost whether the server has given it up and removed log that it was to keep
 * @param keptBytes how much log the server keeps for it
 * @param bytesLeft how much more may be written before the server gives it up; empty where it never
 *     does (max_slot_wal_keep_size is -1)
 */
public record WalSlot(
    String name,
    Optional<Lsn> keptFrom,
    boolean active,
    boolean lost,
    long keptBytes,
    OptionalLong bytesLeft) {
  public WalSlot {
    requireNonNull(name, "name");
    requireNonNull(keptFrom, "keptFrom");
    requireNonNull(bytesLeft, "bytesLeft");
  }
}
