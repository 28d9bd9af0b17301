package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ServerFacts;
import dev.drp.files.FilePlaces;
import dev.drp.plan.BackupKind;
import dev.drp.plan.DatabaseSettings;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateDirectory;
import dev.drp.state.StateLock;
import dev.drp.state.WriterId;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Takes a backup of an environment: of its database, its database server, its files, or all that a
 * new machine needs. It is a backup once its manifest is stored; whatever fails or dies before that
 * leaves nothing that anybody would take for one. Safe for concurrent use.
 */
public final class TakeBackup {
  /** How much larger than the last one a backup may turn out, as far as free space goes. */
  private static final double GROWTH = 1.2;

  private final DatabaseConnector connector;
  private final Coding coding;
  private final StateDirectory state;
  private final Clock clock;
  private final Progress progress;
  private final String version;
  private final Optional<FilePlaces> places;

  /**
   * Takes backups of databases only.
   *
   * @param version of this program, for the manifest
   */
  public TakeBackup(
      DatabaseConnector connector,
      Coding coding,
      StateDirectory state,
      Clock clock,
      Progress progress,
      String version) {
    this(connector, coding, state, clock, progress, version, Optional.empty());
  }

  /**
   * Takes backups of all kinds.
   *
   * @param version of this program, for the manifest
   * @param places where files are
   */
  public TakeBackup(
      DatabaseConnector connector,
      Coding coding,
      StateDirectory state,
      Clock clock,
      Progress progress,
      String version,
      FilePlaces places) {
    this(connector, coding, state, clock, progress, version, Optional.of(places));
  }

  private TakeBackup(
      DatabaseConnector connector,
      Coding coding,
      StateDirectory state,
      Clock clock,
      Progress progress,
      String version,
      Optional<FilePlaces> places) {
    this.connector = requireNonNull(connector, "connector");
    this.coding = requireNonNull(coding, "coding");
    this.state = requireNonNull(state, "state");
    this.clock = requireNonNull(clock, "clock");
    this.progress = requireNonNull(progress, "progress");
    this.version = requireNonNull(version, "version");
    this.places = places;
  }

  /**
   * Takes a backup, reads it back, and copies it to the request's other storages. A copy that fails
   * is in the result and makes it PARTIAL.
   *
   * @throws RecoveryException when there is no backup: LOCKED, STALE_WRITER, OUT_OF_SPACE, or what
   *     the ports throw
   */
  public BackupResult take(BackupRequest request) {
    request.requireSecretsKept(coding.encryption().isPresent());
    EnvironmentState memory =
        state.environment(request.application(), request.environment().name());
    try (StateLock held = memory.lockBackups("a backup")) {
      places.ifPresent(it -> StoppedContainers.startLeftOver(it.engine(), memory, progress));
      return recorded(request, memory);
    }
  }

  private BackupResult recorded(BackupRequest request, EnvironmentState memory) {
    Stopwatch watch = Stopwatch.start(clock);
    BackupRuns runs = new BackupRuns(memory);
    try {
      BackupResult result = takeLocked(request, memory, watch);
      runs.add(
          new BackupRun(
              watch.startedAt(),
              watch.elapsed(),
              request.schedule(),
              Optional.of(result.manifest().id()),
              Optional.empty(),
              String.join(" ", result.warnings())));
      return result;
    } catch (RecoveryException e) {
      runs.add(
          new BackupRun(
              watch.startedAt(),
              watch.elapsed(),
              request.schedule(),
              Optional.empty(),
              Optional.of(e.code()),
              e.problem()));
      throw e;
    }
  }

  private BackupResult takeLocked(BackupRequest request, EnvironmentState memory, Stopwatch watch) {
    String environment = request.environment().name();
    WriterClaims claims =
        new WriterClaims(request.application(), environment, state.writer(), memory, clock);
    LocalCatalog known =
        new LocalCatalog(
            new BackupCatalog(request.application(), request.storages()), state, clock);
    NamedStorage storage = request.first();

    long epoch = claims.claim(storage);
    UnfinishedSets.cleanUp(storage, request.application(), environment).forEach(progress::message);
    requireSpace(storage, known.lastBytes(environment, request.kind()));
    CatalogEntry backup =
        request.ofFiles()
            ? writeFiles(request, memory, claims, epoch, watch)
            : write(request, memory, claims, epoch, watch);
    List<BackupResult.Copy> copies = copyToOthers(request, claims, backup);
    known.refresh(environment, backup.id());
    return new BackupResult(backup.manifest(), storage, copies, warnings(backup.manifest()));
  }

  /** From the connection to the manifest: what fails in here leaves no backup. */
  private CatalogEntry write(
      BackupRequest request,
      EnvironmentState memory,
      WriterClaims claims,
      long epoch,
      Stopwatch watch) {
    NamedStorage storage = request.first();
    BackupId id = BackupId.next(watch.startedAt());
    try (DatabaseServer server = connector.connect(request.environment())) {
      KnownChunks known = new KnownChunks();
      DatabaseSource source = source(server, request, known);
      ServerFacts facts = source.facts();
      if (request.kind() == BackupKind.PHYSICAL) {
        learn(known, request, facts, memory);
      }
      UnfinishedSet set = UnfinishedSet.begin(storage, folder(request, facts, id), id);
      try {
        DatabaseContent content = source.writeInto(set, facts);
        sealFacts(set, content);
        new RestoreGuide(id, request, content, coding).writeInto(set);
        set.readBack(progress);
        claims.requireNewest(storage); // the last look before the set becomes a backup
        BackupManifest manifest = manifest(id, request, epoch, watch, content, set.parts());
        BackupCopy copy = set.publish(manifest);
        remember(manifest, storage, known, memory);
        return new CatalogEntry(manifest, List.of(verified(copy, watch)));
      } catch (RuntimeException e) {
        set.discard(e);
        throw e;
      }
    }
  }

  /** The same of files, and of a database beside them. */
  private CatalogEntry writeFiles(
      BackupRequest request,
      EnvironmentState memory,
      WriterClaims claims,
      long epoch,
      Stopwatch watch) {
    FilePlaces from =
        places.orElseThrow(() -> new IllegalStateException("nothing is known of any files"));
    NamedStorage storage = request.first();
    BackupId id = BackupId.next(watch.startedAt());
    ObjectName folder = SetLayout.set(environment(request), SetLayout.folderOf(request.kind()), id);
    UnfinishedSet set = UnfinishedSet.begin(storage, folder, id);
    try {
      Optional<DatabaseContent> database = databaseBeside(request, set);
      EnvironmentFiles source = new EnvironmentFiles(request, from, coding, memory, progress);
      FilesContent files = source.writeInto(set);
      database.ifPresent(
          it -> {
            sealFacts(set, it);
            new RestoreGuide(id, request, it, coding).writeDatabaseScriptInto(set);
          });
      new FilesGuide(id, request, files, database, coding).writeInto(set);
      set.readBack(progress);
      claims.requireNewest(storage); // the last look before the set becomes a backup
      BackupManifest manifest =
          manifestOfFiles(id, request, epoch, watch, database, files, source.unreadable(), set);
      return new CatalogEntry(manifest, List.of(verified(set.publish(manifest), watch)));
    } catch (RuntimeException e) {
      set.discard(e);
      throw e;
    }
  }

  /**
   * Before the files: what a row refers to is there when they are read. A dump, as the files of a
   * live server are none.
   */
  private Optional<DatabaseContent> databaseBeside(BackupRequest request, UnfinishedSet set) {
    Optional<DatabaseSettings> settings = request.environment().database();
    if (request.kind() != BackupKind.SYSTEM || settings.isEmpty()) {
      return Optional.empty();
    }
    try (DatabaseServer server = connector.connect(request.environment())) {
      WholeDatabase database = new WholeDatabase(server, settings.get(), coding, progress);
      return Optional.of(database.writeInto(set, database.facts()));
    }
  }

  private void sealFacts(UnfinishedSet set, DatabaseContent content) {
    if (coding.encryption().isPresent()) {
      byte[] sealed = content.facts().toJson();
      set.writeCoded(SetLayout.FACTS, coding, bytes -> {}, output -> output.write(sealed));
    }
  }

  private DatabaseSource source(DatabaseServer server, BackupRequest request, KnownChunks known) {
    DatabaseSettings settings = request.environment().requireDatabase();
    if (request.emergency()) {
      return new RescuedDatabase(server, settings, coding, progress, clock);
    }
    return switch (request.kind()) {
      case LOGICAL -> new WholeDatabase(server, settings, coding, progress);
      case PHYSICAL -> new WholeServer(server, settings, coding, known, progress);
      case CONFIGURATION, SYSTEM ->
          throw new RecoveryException(
              ErrorCode.USAGE,
              "no database is in a backup of kind " + request.kind(),
              "take a logical or a physical backup.");
    };
  }

  /**
   * What the newest good physical backup of this server has in the storage need not be stored
   * again. One whose list cannot be read costs space, and nothing else. One with other recipients
   * shares nothing: whoever is to read this backup has to be able to read all of it, and nothing is
   * to lie there unencrypted for its sake.
   */
  private void learn(
      KnownChunks known, BackupRequest request, ServerFacts facts, EnvironmentState memory) {
    NamedStorage storage = request.first();
    CatalogListing listing =
        new BackupCatalog(request.application(), List.of(storage))
            .list(request.environment().name());
    for (CatalogEntry backup : listing.backups()) {
      if (backup.isGood()
          && backup.manifest().base().isPresent()
          && backup.manifest().server().systemIdentifier().equals(facts.systemIdentifier())) {
        try {
          if (Set.copyOf(backup.manifest().recipients()).equals(Set.copyOf(recipients()))) {
            BackupCopy copy = backup.copiesToRead().get(0);
            known.addAll(
                chunks(backup, storage, memory),
                backup.manifest().requireBase().packs(),
                copy.packs().sizes());
          }
        } catch (RecoveryException e) {
          progress.message("%s; everything is stored anew.".formatted(e.problem()));
        }
        return;
      }
    }
  }

  /** It is a backup already: what fails here makes the next one larger, and nothing else. */
  private void remember(
      BackupManifest manifest, NamedStorage storage, KnownChunks known, EnvironmentState memory) {
    if (!manifest.encrypted() || manifest.base().isEmpty()) {
      return;
    }
    try {
      new RememberedChunks(memory, storage).write(manifest.id(), known.taken());
    } catch (RecoveryException e) {
      progress.message("%s; the next backup is stored anew.".formatted(e.problem()));
    }
  }

  private List<StoredChunk> chunks(
      CatalogEntry backup, NamedStorage storage, EnvironmentState memory) {
    return recipients().isEmpty()
        ? new BaseReader(new BackupReader(List.of(coding.compression()))).chunks(backup)
        : new RememberedChunks(memory, storage).of(backup.id()).orElse(List.of());
  }

  private List<String> recipients() {
    return coding.encryption().map(Encryption::recipients).orElse(List.of());
  }

  private BackupManifest manifest(
      BackupId id,
      BackupRequest request,
      long epoch,
      Stopwatch watch,
      DatabaseContent content,
      List<BackupPart> parts) {
    WriterId writer = state.writer();
    return new BackupManifest(
        id,
        request.application(),
        request.environment().name(),
        request.kind(),
        request.emergency(),
        request.schedule(),
        new BackupManifest.Writer(writer.id(), epoch, writer.host(), version),
        watch.startedAt(),
        watch.elapsed(),
        content.recoveryPoint(),
        content.server(),
        content.database(),
        content.rows(),
        content.expectations(),
        content.rolePasswords(),
        content.toolVersions(),
        content.unreadable(),
        parts,
        content.base(),
        recipients());
  }

  private BackupManifest manifestOfFiles(
      BackupId id,
      BackupRequest request,
      long epoch,
      Stopwatch watch,
      Optional<DatabaseContent> database,
      FilesContent files,
      List<String> unreadable,
      UnfinishedSet set) {
    WriterId writer = state.writer();
    return new BackupManifest(
        id,
        request.application(),
        request.environment().name(),
        request.kind(),
        false,
        request.schedule(),
        new BackupManifest.Writer(writer.id(), epoch, writer.host(), version),
        watch.startedAt(),
        watch.elapsed(),
        database.map(DatabaseContent::recoveryPoint).orElse(watch.startedAt()),
        database.map(DatabaseContent::server),
        database.map(DatabaseContent::database),
        database.map(DatabaseContent::rows).orElse(List.of()),
        database.map(DatabaseContent::expectations).orElse(List.of()),
        database.map(DatabaseContent::rolePasswords).orElse(false),
        database.map(DatabaseContent::toolVersions).orElse(List.of()),
        unreadable,
        set.parts(),
        Optional.empty(),
        Optional.of(files),
        recipients());
  }

  private BackupCopy verified(BackupCopy copy, Stopwatch watch) {
    return BackupEvents.add(
        copy,
        new BackupEvent(
            BackupEvent.Type.VERIFIED,
            clock.instant(),
            StateDirectory.host(),
            "all parts were read back as stored when the backup was taken",
            watch.elapsed()));
  }

  private List<BackupResult.Copy> copyToOthers(
      BackupRequest request, WriterClaims claims, CatalogEntry backup) {
    if (request.others().isEmpty()) {
      return List.of();
    }
    List<CatalogEntry> all = new ArrayList<>(List.of(backup));
    all.addAll(earlier(request, backup));
    Map<NamedStorage, List<CatalogEntry>> wanted = new LinkedHashMap<>();
    for (NamedStorage other : request.others()) {
      List<CatalogEntry> may =
          all.stream().filter(it -> !other.isAway() || !it.manifest().mustStay()).toList();
      wanted.put(
          other,
          request
              .retention()
              .map(policy -> policy.worthCopying(all, may, other, clock.instant()))
              .orElse(may));
    }
    return new CopyToStorages(claims, environment(request), clock, progress).copy(wanted);
  }

  /** What a storage that was away has missed: good backups of the same schedule, newest first. */
  private static List<CatalogEntry> earlier(BackupRequest request, CatalogEntry backup) {
    return request.schedule().isEmpty()
        ? List.of()
        : new BackupCatalog(request.application(), List.of(request.first()))
            .list(request.environment().name()).backups().stream()
                .filter(entry -> entry.manifest().schedule().equals(request.schedule()))
                .filter(entry -> entry.isGood() && !entry.id().equals(backup.id()))
                .toList();
  }

  private void requireSpace(NamedStorage storage, OptionalLong lastBytes) {
    OptionalLong free = storage.objects().freeBytes();
    if (lastBytes.isEmpty() || free.isEmpty()) {
      return;
    }
    long wanted = (long) (lastBytes.getAsLong() * GROWTH);
    if (free.getAsLong() < wanted) {
      throw new RecoveryException(
          ErrorCode.OUT_OF_SPACE,
          "storage %s has %d bytes left; the last backup has %d, and this one may need %d"
              .formatted(storage, free.getAsLong(), lastBytes.getAsLong(), wanted),
          "expire backups, or give the storage more space.");
    }
  }

  private static ObjectName folder(BackupRequest request, ServerFacts facts, BackupId id) {
    return SetLayout.set(environment(request), facts.systemIdentifier(), id);
  }

  private static ObjectName environment(BackupRequest request) {
    return SetLayout.environment(request.application(), request.environment().name());
  }

  private static List<String> warnings(BackupManifest manifest) {
    List<String> warnings = new ArrayList<>();
    manifest.expectations().stream()
        .filter(result -> !result.met())
        .map(
            result ->
                "expectation '%s' is not met by the data itself: expected %s, found %s."
                    .formatted(result.name(), result.expected(), result.actual()))
        .forEach(warnings::add);
    manifest.unreadable().stream().map("could not be read: %s."::formatted).forEach(warnings::add);
    manifest
        .files()
        .ifPresent(
            files -> {
              files.changed().stream()
                  .map("changed while it was read: %s."::formatted)
                  .forEach(warnings::add);
              files.notIncluded().stream()
                  .map("not in this backup: %s."::formatted)
                  .forEach(warnings::add);
            });
    if (!manifest.rolePasswords() && manifest.databaseFacts().isPresent()) {
      warnings.add(
          "roles are backed up without their passwords: the database user may not read those.");
    }
    return warnings;
  }
}
