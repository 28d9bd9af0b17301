package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.state.EnvironmentState;
import dev.drp.state.TabSeparated;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The last attempts to back up an environment from this machine, oldest first. */
public final class BackupRuns {
  private static final String FILE = "runs";
  private static final int KEPT = 200;
  private static final int FIELDS = 6;

  private final EnvironmentState memory;

  public BackupRuns(EnvironmentState memory) {
    this.memory = requireNonNull(memory, "memory");
  }

  public List<BackupRun> all() {
    return TabSeparated.read(memory.file(FILE)).stream()
        .filter(row -> row.size() == FIELDS)
        .map(BackupRuns::run)
        .toList();
  }

  /** Adds an attempt; the caller holds the environment's lock. */
  void add(BackupRun run) {
    List<List<String>> rows = new ArrayList<>(TabSeparated.read(memory.file(FILE)));
    rows.add(
        List.of(
            run.startedAt().toString(),
            run.took().toString(),
            run.schedule().orElse(""),
            run.backup().map(BackupId::value).orElse(""),
            run.error().map(ErrorCode::name).orElse(""),
            run.problem()));
    TabSeparated.write(
        memory.file(FILE), rows.subList(Math.max(0, rows.size() - KEPT), rows.size()));
  }

  private static BackupRun run(List<String> row) {
    return new BackupRun(
        Instant.parse(row.get(0)),
        Duration.parse(row.get(1)),
        nonEmpty(row.get(2)),
        nonEmpty(row.get(3)).map(BackupId::new),
        nonEmpty(row.get(4)).map(ErrorCode::valueOf),
        row.get(5));
  }

  private static Optional<String> nonEmpty(String field) {
    return Optional.of(field).filter(text -> !text.isEmpty());
  }
}
