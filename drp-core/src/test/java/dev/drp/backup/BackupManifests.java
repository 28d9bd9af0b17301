package dev.drp.backup;

import dev.drp.database.DatabaseDescription;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.database.ServerFacts;
import dev.drp.plan.BackupKind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Manifests for tests that need no content. */
public final class BackupManifests {
  private BackupManifests() {}

  public static BackupManifest of(BackupId id, Instant takenAt) {
    return of(id, BackupKind.LOGICAL, takenAt, Optional.of("every-6h"), false);
  }

  public static BackupManifest of(
      BackupId id, BackupKind kind, Instant takenAt, Optional<String> schedule, boolean emergency) {
    return new BackupManifest(
        id,
        BackupFixture.APPLICATION,
        BackupFixture.ENVIRONMENT,
        kind,
        emergency,
        schedule,
        new BackupManifest.Writer("0123456789abcdef", 1, "web-1", "1.0"),
        takenAt,
        Duration.ofSeconds(10),
        takenAt,
        new ServerFacts(
            150_018,
            "15.18",
            "7000000000000000001",
            false,
            takenAt,
            Duration.ZERO,
            Optional.empty(),
            "memory",
            List.of(),
            List.of()),
        new DatabaseDescription(
            BackupFixture.DATABASE,
            1,
            0,
            FakeDatabaseServer.PROPERTIES,
            List.of(),
            List.of(),
            List.of(),
            Optional.empty()),
        List.of(),
        List.of(),
        false,
        List.of(),
        List.of(),
        List.of(
            new BackupPart(
                "database.dump.gz",
                "database.dump",
                3,
                "aa".repeat(32),
                3,
                Optional.of("gzip"),
                Optional.empty())),
        Optional.empty(),
        List.of());
  }
}
