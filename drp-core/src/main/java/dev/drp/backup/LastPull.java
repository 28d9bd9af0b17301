package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.state.EnvironmentState;
import dev.drp.state.TabSeparated;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the last pull of an environment's backups to this machine brought, as it wrote it down.
 *
 * @param from the storage that it was fetched from
 * @param to our storage
 * @param at when it ended
 * @param recoveryPoint of the newest data that our storage has since; empty when it has none
 * @param by what has that data
 * @param problem why not everything came; empty text when it did
 */
public record LastPull(
    String from,
    String to,
    Instant at,
    Optional<Instant> recoveryPoint,
    String by,
    String problem) {
  private static final String FILE = "pulled";

  public LastPull {
    requireNonNull(from, "from");
    requireNonNull(to, "to");
    requireNonNull(at, "at");
    requireNonNull(recoveryPoint, "recoveryPoint");
    requireNonNull(by, "by");
    requireNonNull(problem, "problem");
  }

  /** One for each pair of storages; none where this machine fetches nothing. */
  public static List<LastPull> read(EnvironmentState state) {
    return TabSeparated.read(file(state)).stream()
        .map(
            row ->
                new LastPull(
                    row.get(0),
                    row.get(1),
                    Instant.parse(row.get(2)),
                    Optional.of(row.get(3)).filter(it -> !it.isEmpty()).map(Instant::parse),
                    row.get(4),
                    row.get(5)))
        .toList();
  }

  /** Writes it down in the place of an earlier one between the same storages. */
  public void write(EnvironmentState state) {
    List<LastPull> all = new ArrayList<>(read(state));
    all.removeIf(it -> it.from.equals(from) && it.to.equals(to));
    all.add(this);
    TabSeparated.write(
        file(state),
        all.stream()
            .map(
                it ->
                    List.of(
                        it.from,
                        it.to,
                        it.at.toString(),
                        it.recoveryPoint.map(Instant::toString).orElse(""),
                        it.by,
                        it.problem))
            .toList());
  }

  private static Path file(EnvironmentState state) {
    return state.file(FILE);
  }
}
