package dev.drp.cli.demo;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.Compression;
import dev.drp.backup.NamedStorage;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseServer;
import dev.drp.database.SqlSession;
import dev.drp.database.TableRows;
import dev.drp.database.ThrowawayServer;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Expectation;
import dev.drp.plan.ExpectedResult;
import dev.drp.plan.Site;
import dev.drp.plan.Storage;
import dev.drp.plan.WalSettings;
import dev.drp.state.StateDirectory;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Lives through a disaster: makes a database whose users go on writing, backs it up, kills it and
 * removes its data, recovers it on a fresh server, and compares row by row. Nothing of it remains
 * but what it tells.
 */
public final class Demo {
  static final String ENVIRONMENT = "production";
  private static final String DATABASE = "ask_and_trust";
  private static final String STORAGE = "local";

  /** What users write between the backup and the disaster is what a backup alone loses. */
  private static final Duration LIFE_AFTER_BACKUP = Duration.ofSeconds(3);

  private final DemoServers servers;
  private final Compression compression;
  private final NamedStorage storage;
  private final StateDirectory state;
  private final Clock clock;
  private final Progress progress;
  private final ContingencyPlan plan;

  /**
   * @param storage an empty storage, which the caller removes
   * @param state an empty state directory, which the caller removes
   */
  public Demo(
      DemoServers servers,
      Compression compression,
      NamedStorage storage,
      StateDirectory state,
      Clock clock,
      Progress progress) {
    this.servers = requireNonNull(servers, "servers");
    this.compression = requireNonNull(compression, "compression");
    this.storage = requireNonNull(storage, "storage");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
    this.progress = requireNonNull(progress, "progress");
    this.plan = plan(Path.of(storage.objects().place()));
  }

  public DemoResult run() {
    try (ThrowawayServer primary = servers.start("demo-primary");
        Protection protection = protection()) {
      progress.message("making a database on " + primary.description());
      long answersAtFirst = createDatabase(primary);
      AnsweringUsers users = AnsweringUsers.start(primary.openSession(DATABASE));
      Witness witness = new Witness();
      progress.message("backing it up while its users go on writing");
      BackupManifest backup = protection.protect(witness.watching(primary.server()));
      pause(LIFE_AFTER_BACKUP);
      Instant impact = clock.instant();
      progress.message("disaster: the server is killed with SIGKILL, its data is removed");
      requireGone(primary.remove());
      users.close();
      long committed = answersAtFirst + users.acknowledged();
      return recover(protection, witness.rows(), backup, impact, committed - answersIn(backup));
    }
  }

  private Protection protection() {
    Tools tools = new Tools(plan, compression, storage, state, clock, progress);
    return servers.streamsLog() ? new FilesAndLog(servers, tools) : new Dump(servers, tools);
  }

  /** Returns how many answers it holds. */
  private static long createDatabase(ThrowawayServer primary) {
    try (SqlSession session = primary.openSession("postgres")) {
      session.execute("create database " + DATABASE);
    }
    try (SqlSession session = primary.openSession(DATABASE)) {
      Dataset.generate(session);
      return session.value("select count(*) from answers").map(Long::parseLong).orElse(0L);
    }
  }

  private DemoResult recover(
      Protection protection,
      RowHashes inBackup,
      BackupManifest backup,
      Instant impact,
      long writtenAfterBackup) {
    progress.message("recovering on a fresh server");
    Protection.Recovery recovery = protection.recover(impact);
    RowHashes recovered = readAllRows(recovery.server().server());
    DemoResult result =
        new DemoResult(
            servers.runtime(),
            recovery.server().description(),
            backup.kind(),
            backup.database().sizeBytes(),
            backup.took(),
            backup.storedBytes(),
            measured(recovery.execution().recoveryTimeActual()),
            measured(recovery.execution().recoveryPointActual()),
            backup.totalRows(),
            recovered.rows(),
            inBackup.missingFrom(recovered),
            writtenAfterBackup);
    requireGone(recovery.server().remove());
    return result;
  }

  private static RowHashes readAllRows(DatabaseServer server) {
    try (ConsistentSnapshot snapshot = server.openSnapshot(DATABASE)) {
      return RowHashes.of(snapshot, snapshot.countRows());
    }
  }

  private static long answersIn(BackupManifest backup) {
    return backup.rows().stream()
        .filter(table -> table.table().equals("answers"))
        .mapToLong(TableRows::rows)
        .sum();
  }

  private static Duration measured(Optional<Duration> duration) {
    return duration.orElseThrow(() -> new IllegalStateException("the recovery was not measured"));
  }

  private static void pause(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the disaster", e);
    }
  }

  private static void requireGone(List<String> left) {
    if (!left.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "the demo left behind: " + String.join(", ", left),
          "remove it by hand.");
    }
  }

  private static ContingencyPlan plan(Path storageFolder) {
    return ContingencyPlan.builder("Ask&Trust")
        .site(Site.local("primary"))
        .environment(
            Environment.builder(ENVIRONMENT, "primary")
                .database(
                    DatabaseSettings.builder(DATABASE, DemoServers.SUPERUSER)
                        .host("127.0.0.1", DatabaseSettings.DEFAULT_PORT)
                        .wal(WalSettings.to(STORAGE))
                        .expectation(
                            new Expectation(
                                "categories present",
                                "select count(*) from category",
                                ExpectedResult.parse("= 40"),
                                Optional.of(Duration.ofSeconds(5))))
                        .build())
                .build())
        .storage(new Storage.Directory(STORAGE, storageFolder, false))
        .build();
  }
}
