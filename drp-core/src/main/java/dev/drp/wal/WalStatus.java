package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import dev.drp.state.EnvironmentState;
import dev.drp.state.TabSeparated;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * How far the log of an environment has come, as its stream wrote it down on this machine.
 *
 * @param at when it was written down
 * @param received how far it came from the server
 * @param safe how far it is on stable storage of this machine
 */
public record WalStatus(
    Instant at, String systemIdentifier, int timeline, Lsn received, Lsn safe, List<Copy> copies) {
  private static final String FILE = "wal-status";

  public WalStatus {
    requireNonNull(at, "at");
    requireNonNull(systemIdentifier, "systemIdentifier");
    requireNonNull(received, "received");
    requireNonNull(safe, "safe");
    copies = List.copyOf(copies);
  }

  /**
   * How far a storage has it.
   *
   * @param completeUntil everything that was committed until then, by the server's clock, is there;
   *     empty when that is not known
   * @param problem why it does not take more; empty text when it does
   */
  public record Copy(
      String storage, int timeline, Lsn to, Optional<Instant> completeUntil, String problem) {
    public Copy {
      requireNonNull(storage, "storage");
      requireNonNull(to, "to");
      requireNonNull(completeUntil, "completeUntil");
      requireNonNull(problem, "problem");
    }
  }

  /** The latest instant until which some storage has everything. */
  public Optional<Instant> recoveryPoint() {
    return copies.stream()
        .map(Copy::completeUntil)
        .flatMap(Optional::stream)
        .max(Comparator.naturalOrder());
  }

  /** What was written down last; empty when nothing was ever streamed from this machine. */
  public static Optional<WalStatus> read(EnvironmentState state) {
    List<List<String>> rows = TabSeparated.read(state.file(FILE));
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    List<String> first = rows.get(0);
    return Optional.of(
        new WalStatus(
            Instant.parse(first.get(0)),
            first.get(1),
            Integer.parseInt(first.get(2)),
            Lsn.parse(first.get(3)),
            Lsn.parse(first.get(4)),
            rows.subList(1, rows.size()).stream().map(WalStatus::copy).toList()));
  }

  private static Copy copy(List<String> row) {
    return new Copy(
        row.get(0),
        Integer.parseInt(row.get(1)),
        Lsn.parse(row.get(2)),
        Optional.of(row.get(3)).filter(it -> !it.isEmpty()).map(Instant::parse),
        row.get(4));
  }

  void write(EnvironmentState state) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            at.toString(),
            systemIdentifier,
            String.valueOf(timeline),
            received.toString(),
            safe.toString()));
    for (Copy copy : copies) {
      rows.add(
          List.of(
              copy.storage,
              String.valueOf(copy.timeline),
              copy.to.toString(),
              copy.completeUntil.map(Instant::toString).orElse(""),
              copy.problem));
    }
    TabSeparated.write(state.file(FILE), rows);
  }
}
