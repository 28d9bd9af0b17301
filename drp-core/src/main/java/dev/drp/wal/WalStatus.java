package dev.drp.wal;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import dev.drp.state.EnvironmentState;
import dev.drp.state.TabSeparated;
import java.time.Duration;
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
  private static final String HEAD = "drp-wal-status-2";
  private static final String COPY = "copy";
  private static final String PART = "part";
  private static final Duration SHORTEST_PATIENCE = Duration.ofSeconds(30);
  private static final int PATIENCE = 3;

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
   * @param stretch the log without a hole that leads to where it is; empty when that is not known
   * @param newestGap the newest gap that it tells of
   */
  public record Copy(
      String storage,
      int timeline,
      Lsn to,
      Optional<Instant> completeUntil,
      String problem,
      Optional<WalStretch> stretch,
      Optional<WalGap> newestGap) {
    public Copy {
      requireNonNull(storage, "storage");
      requireNonNull(to, "to");
      requireNonNull(completeUntil, "completeUntil");
      requireNonNull(problem, "problem");
      requireNonNull(stretch, "stretch");
      requireNonNull(newestGap, "newestGap");
    }

    /**
     * Whether it is further behind than can be when all works: three times the plan's {@code
     * max-lag}, at least half a minute. An idle server tells every few seconds that there is
     * nothing new, so that its log does not look late.
     */
    public boolean isBehind(Duration maxLag, Instant now) {
      Duration most = maxLag.multipliedBy(PATIENCE);
      Duration patience = most.compareTo(SHORTEST_PATIENCE) > 0 ? most : SHORTEST_PATIENCE;
      return completeUntil.isEmpty() || completeUntil.get().plus(patience).isBefore(now);
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
    if (rows.isEmpty() || !rows.get(0).get(0).equals(HEAD)) {
      return Optional.empty();
    }
    List<Copy> copies = new ArrayList<>();
    for (List<String> row : rows.subList(1, rows.size())) {
      if (row.get(0).equals(PART)) {
        copies.add(withPart(copies.remove(copies.size() - 1), row));
      } else {
        copies.add(copy(row));
      }
    }
    List<String> first = rows.get(0);
    return Optional.of(
        new WalStatus(
            Instant.parse(first.get(1)),
            first.get(2),
            Integer.parseInt(first.get(3)),
            Lsn.parse(first.get(4)),
            Lsn.parse(first.get(5)),
            copies));
  }

  private static Copy copy(List<String> row) {
    return new Copy(
        row.get(1),
        Integer.parseInt(row.get(2)),
        Lsn.parse(row.get(3)),
        Optional.of(row.get(4)).filter(it -> !it.isEmpty()).map(Instant::parse),
        row.get(5),
        Optional.empty(),
        WalGap.parse(row.get(6)));
  }

  private static Copy withPart(Copy copy, List<String> row) {
    List<WalStretch.Part> parts =
        new ArrayList<>(copy.stretch.map(WalStretch::parts).orElse(List.of()));
    parts.add(
        new WalStretch.Part(
            Integer.parseInt(row.get(1)), Lsn.parse(row.get(2)), Lsn.parse(row.get(3))));
    return new Copy(
        copy.storage,
        copy.timeline,
        copy.to,
        copy.completeUntil,
        copy.problem,
        Optional.of(new WalStretch(parts)),
        copy.newestGap);
  }

  /** Writes it down, for whoever looks. */
  public void write(EnvironmentState state) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            HEAD,
            at.toString(),
            systemIdentifier,
            String.valueOf(timeline),
            received.toString(),
            safe.toString()));
    for (Copy copy : copies) {
      rows.add(
          List.of(
              COPY,
              copy.storage,
              String.valueOf(copy.timeline),
              copy.to.toString(),
              copy.completeUntil.map(Instant::toString).orElse(""),
              copy.problem,
              copy.newestGap.map(WalGap::objectName).orElse("")));
      for (WalStretch.Part part : copy.stretch.map(WalStretch::parts).orElse(List.of())) {
        rows.add(
            List.of(
                PART,
                String.valueOf(part.timeline()),
                part.from().toString(),
                part.to().toString()));
      }
    }
    TabSeparated.write(state.file(FILE), rows);
  }
}
