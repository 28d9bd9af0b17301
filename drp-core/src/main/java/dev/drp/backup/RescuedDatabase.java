package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ServerFacts;
import dev.drp.plan.DatabaseSettings;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Writes what can still be read of a damaged database into a set. What cannot be read is listed; in
 * the manifest it has a neutral value: unknown, empty, 0. Rows are not counted and expectations are
 * not evaluated, as no single snapshot would prove them.
 */
final class RescuedDatabase implements DatabaseSource {
  private final DatabaseServer server;
  private final DatabaseSettings settings;
  private final Coding coding;
  private final Progress progress;
  private final Clock clock;
  private final List<String> unreadable = new ArrayList<>();

  RescuedDatabase(
      DatabaseServer server,
      DatabaseSettings settings,
      Coding coding,
      Progress progress,
      Clock clock) {
    this.server = server;
    this.settings = settings;
    this.coding = coding;
    this.progress = progress;
    this.clock = clock;
  }

  @Override
  public ServerFacts facts() {
    return readable("facts of the server", server::facts)
        .orElseGet(
            () ->
                new ServerFacts(
                    0,
                    "unknown",
                    SetLayout.UNKNOWN_SYSTEM,
                    false,
                    clock.instant(),
                    Duration.ZERO,
                    Optional.empty(),
                    "unknown",
                    List.of(),
                    List.of()));
  }

  @Override
  public DatabaseContent writeInto(UnfinishedSet set, ServerFacts facts) {
    DatabaseDescription database =
        readable("description of the database", () -> server.describe(settings.name()))
            .orElseGet(this::unknownDatabase);
    try (Progress.Task task =
        progress.start("what can be read of " + settings.name(), database.sizeBytes())) {
      set.writeCoded(
          SetLayout.DUMP,
          coding,
          task,
          output -> unreadable.addAll(server.dumpWhatCanBeRead(settings.name(), output)));
    }
    boolean rolePasswords =
        readable("roles and tablespaces", () -> writeGlobals(set)).orElse(false);
    return new DatabaseContent(
        facts.serverTime(),
        facts,
        database,
        List.of(),
        List.of(),
        rolePasswords,
        List.of(),
        List.copyOf(unreadable),
        Optional.empty());
  }

  private boolean writeGlobals(UnfinishedSet set) {
    try (ConsistentSnapshot snapshot = server.openSnapshot(settings.name())) {
      return WholeDatabase.writeGlobals(set, snapshot, coding);
    }
  }

  private <T> Optional<T> readable(String what, Supplier<T> reading) {
    try {
      return Optional.of(reading.get());
    } catch (RecoveryException e) {
      if (isOfStorage(e)) {
        throw e;
      }
      unreadable.add(what + ": " + e.problem());
      return Optional.empty();
    }
  }

  private static boolean isOfStorage(RecoveryException e) {
    return switch (e.code()) {
      case OUT_OF_SPACE, STORAGE_UNAVAILABLE, OBJECT_EXISTS, INTERRUPTED -> true;
      default -> false;
    };
  }

  private DatabaseDescription unknownDatabase() {
    return new DatabaseDescription(
        settings.name(),
        0,
        0,
        new DatabaseProperties(
            settings.user(),
            "UTF8",
            "C",
            "C",
            "libc",
            Optional.empty(),
            Optional.empty(),
            -1,
            Optional.empty(),
            List.of()),
        List.of(),
        List.of(),
        List.of(),
        Optional.empty());
  }
}
