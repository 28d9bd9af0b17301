package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.ServerManifest;
import dev.drp.database.BaseBackup;
import dev.drp.database.ConsistentSnapshot;
import dev.drp.database.DatabaseDescription;
import dev.drp.database.DatabaseServer;
import dev.drp.database.ExpectationResult;
import dev.drp.database.ServerFacts;
import dev.drp.database.TableRows;
import dev.drp.plan.DatabaseSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Writes the files of a whole server into a set, as far as no earlier backup of it has them. Rows
 * are counted in a snapshot of its own while the files are copied: where the server is written to
 * meanwhile, the copy may have other numbers.
 */
final class WholeServer implements DatabaseSource {
  private final DatabaseServer server;
  private final DatabaseSettings settings;
  private final Coding coding;
  private final KnownChunks known;
  private final Progress progress;

  /**
   * @param known what need not be stored again
   */
  WholeServer(
      DatabaseServer server,
      DatabaseSettings settings,
      Coding coding,
      KnownChunks known,
      Progress progress) {
    this.server = server;
    this.settings = settings;
    this.coding = coding;
    this.known = known;
    this.progress = progress;
  }

  @Override
  public ServerFacts facts() {
    return server.facts();
  }

  @Override
  public DatabaseContent writeInto(UnfinishedSet set, ServerFacts facts) {
    DatabaseDescription database = server.describe(settings.name());
    try (BaseBackup base = server.openBaseBackup();
        ConsistentSnapshot snapshot = server.openSnapshot(settings.name());
        SideBySide<Proof> proof = new SideBySide<>("counting rows", () -> prove(snapshot))) {
      Copy copy = copyFiles(set, base);
      writeLists(set, copy.packed.chunks());
      known.consists(copy.packed.chunks());
      List<String> configuration = copyConfiguration(set, base);
      Proof proven = proof.await();
      ServerManifest.WalRange wal = copy.wal;
      return new DatabaseContent(
          copy.copied.consistentAt(),
          facts,
          database,
          proven.rows,
          proven.expectations,
          true,
          List.of(copy.copied.toolVersion()),
          List.of(),
          Optional.of(
              new BaseContent(
                  wal.timeline(),
                  wal.start(),
                  wal.end(),
                  copy.packed.tarBytes(),
                  copy.packed.newBytes(),
                  copy.packed.packs(),
                  configuration)));
    }
  }

  private record Copy(
      BaseBackup.Copied copied, PackedTar.Result packed, ServerManifest.WalRange wal) {}

  private record Proof(List<TableRows> rows, List<ExpectationResult> expectations) {}

  private Copy copyFiles(UnfinishedSet set, BaseBackup base) {
    try (Progress.Task task = progress.start("files of the server", base.dataBytes());
        PackedTar packed = new PackedTar(set, coding, known, task)) {
      BaseBackup.Copied copied = base.copyFiles(packed);
      PackedTar.Result result = packed.finish();
      Optional<String> problem = packed.serverManifest().problem();
      if (problem.isPresent()) {
        throw notAsTheServerSays(problem.get());
      }
      return new Copy(copied, result, packed.serverManifest().walRange());
    } catch (IOException e) {
      throw notAsTheServerSays(String.valueOf(e.getMessage()));
    }
  }

  private static RecoveryException notAsTheServerSays(String problem) {
    return new RecoveryException(
        ErrorCode.VERIFICATION_FAILED,
        "what came of the server's files is not what the server says it sent: " + problem,
        "take the backup again; if that does not help, look at the server's disk and log.");
  }

  private void writeLists(UnfinishedSet set, List<StoredChunk> chunks) {
    set.writePlain(SetLayout.RUNS, output -> ChunkList.writeRuns(chunks, output));
    set.writeCoded(
        SetLayout.CHUNKS, coding, bytes -> {}, output -> ChunkList.write(chunks, output));
  }

  private List<String> copyConfiguration(UnfinishedSet set, BaseBackup base) {
    ByteArrayOutputStream tar = new ByteArrayOutputStream(); // some files of a few KiB
    List<String> paths = base.copyConfiguration(tar);
    if (!paths.isEmpty()) {
      set.writeCoded(SetLayout.CONFIGURATION, coding, bytes -> {}, tar::writeTo);
    }
    return paths;
  }

  private Proof prove(ConsistentSnapshot snapshot) {
    List<TableRows> rows = snapshot.countRows();
    return new Proof(rows, settings.expectations().stream().map(snapshot::evaluate).toList());
  }
}
