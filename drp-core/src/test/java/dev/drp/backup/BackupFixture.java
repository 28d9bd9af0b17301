package dev.drp.backup;

import dev.drp.Progress;
import dev.drp.database.FakeDatabaseServer;
import dev.drp.plan.BackupKind;
import dev.drp.plan.DatabaseSettings;
import dev.drp.plan.Environment;
import dev.drp.plan.Expectation;
import dev.drp.plan.ExpectedResult;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** An environment with a database in memory, two storages in memory, and all that works on them. */
public final class BackupFixture {
  public static final String APPLICATION = "Ask&Trust";
  public static final String ENVIRONMENT = "production";
  public static final String DATABASE = "shop";
  public static final Instant NOW = Instant.parse("2026-11-22T10:15:00Z");

  public final SettableClock clock = new SettableClock(NOW);
  public final FakeDatabaseServer server = new FakeDatabaseServer(clock);
  public final InMemoryStorage local = new InMemoryStorage();
  public final InMemoryStorage remote = new InMemoryStorage();
  public final NamedStorage localStorage = new NamedStorage("local", false, true, local);
  public final NamedStorage remoteStorage = new NamedStorage("offsite", true, false, remote);
  public final StateDirectory state;
  public final Environment environment;
  public final BackupReader reader = new BackupReader(List.of(new GzipCompression()));

  public BackupFixture(Path stateFolder) {
    this.state = StateDirectory.open(stateFolder, clock);
    this.environment =
        Environment.builder(ENVIRONMENT, "primary")
            .database(
                DatabaseSettings.builder(DATABASE, "owner")
                    .host("127.0.0.1", 5432)
                    .expectation(
                        new Expectation(
                            "there are orders",
                            "select count(*) from orders",
                            ExpectedResult.parse("> 0"),
                            Optional.empty()))
                    .build())
            .build();
    server.createDatabase(DATABASE);
    server.insert(DATABASE, "public", "customers", "Ada", "Grace");
    server.insert(DATABASE, "public", "orders", "1", "2", "3");
    server.answer(
        "select count(*) from orders",
        database ->
            String.valueOf(
                database
                    .tables()
                    .getOrDefault(new FakeDatabaseServer.TableName("public", "orders"), List.of())
                    .size()));
  }

  public TakeBackup takeBackup() {
    return new TakeBackup(
        environment -> server,
        Coding.plain(new GzipCompression()),
        state,
        clock,
        Progress.SILENT,
        "1.0");
  }

  /** A backup to the local storage only. */
  public BackupResult take() {
    return takeBackup().take(request(localStorage));
  }

  public BackupRequest request(NamedStorage... storages) {
    return new BackupRequest(
        APPLICATION,
        environment,
        BackupKind.LOGICAL,
        Optional.of("every-6h"),
        List.of(storages),
        false);
  }

  public BackupRequest physical(NamedStorage... storages) {
    return new BackupRequest(
        APPLICATION, environment, BackupKind.PHYSICAL, Optional.empty(), List.of(storages), false);
  }

  public BackupRequest emergency(NamedStorage... storages) {
    return new BackupRequest(
        APPLICATION, environment, BackupKind.LOGICAL, Optional.empty(), List.of(storages), true);
  }

  /** Takes backups of changing data, so long apart. */
  public void takeMany(int count, Duration interval) {
    for (int i = 0; i < count; i++) {
      server.insert(DATABASE, "public", "orders", "more " + i);
      take();
      clock.advance(interval);
    }
  }

  public BackupCatalog catalog() {
    return new BackupCatalog(APPLICATION, List.of(localStorage, remoteStorage));
  }

  public CatalogListing listing() {
    return catalog().list(ENVIRONMENT);
  }

  public LocalCatalog localCatalog() {
    return new LocalCatalog(catalog(), state, clock);
  }

  public EnvironmentState memory() {
    return state.environment(APPLICATION, ENVIRONMENT);
  }

  /** Somebody who may write the local storage gives a backup of files another manifest. */
  public void forge(BackupManifest manifest) {
    ObjectName name =
        SetLayout.set(
                SetLayout.environment(APPLICATION, ENVIRONMENT), manifest.system(), manifest.id())
            .child(SetLayout.MANIFEST);
    local.delete(name);
    local.plant(name.value(), ManifestFormat.write(manifest));
  }

  /** The name of an object of a backup in the local storage. */
  public ObjectName object(BackupId id, String name) {
    return SetLayout.set(SetLayout.environment(APPLICATION, ENVIRONMENT), "7000000000000000001", id)
        .child(name);
  }
}
