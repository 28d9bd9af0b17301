package dev.drp.backup;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.state.DurableFile;
import dev.drp.state.EnvironmentState;
import dev.drp.state.TabSeparated;
import dev.drp.state.WriterId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Who may write an environment's backups: the writer with the highest epoch. Epochs are claimed
 * with objects that are written once, so two writers never hold the same one. What was claimed is
 * remembered on this machine: a storage that shows no claim although one was made there is not the
 * storage that it was, such as the empty folder below a file system that is not mounted. Safe for
 * concurrent use.
 */
final class WriterClaims {
  private static final String MEMORY = "epochs";
  private static final Pattern CLAIM = Pattern.compile("\\d{10}\\.json");

  private final ObjectName folder;
  private final String environment;
  private final WriterId writer;
  private final EnvironmentState memory;
  private final Clock clock;

  WriterClaims(
      String application,
      String environment,
      WriterId writer,
      EnvironmentState memory,
      Clock clock) {
    this.folder = SetLayout.writers(SetLayout.environment(application, environment));
    this.environment = environment;
    this.writer = writer;
    this.memory = memory;
    this.clock = clock;
  }

  /**
   * Makes sure that we may write to a storage, and returns our epoch.
   *
   * @throws RecoveryException with STALE_WRITER when somebody else has a newer epoch, with
   *     STORAGE_UNAVAILABLE when the storage has lost our claim
   */
  long claim(NamedStorage storage) {
    Map<String, Long> remembered = remembered();
    long known = remembered.values().stream().max(Comparator.naturalOrder()).orElse(1L);
    Optional<Claim> newest = newest(storage);
    if (newest.isEmpty() && remembered.containsKey(storage.name())) {
      throw lost(storage, remembered.get(storage.name()));
    }
    long epoch;
    if (newest.isPresent() && isOurs(newest.get())) {
      epoch = newest.get().epoch();
    } else if (newest.isPresent() && newest.get().epoch() >= known) {
      throw stale(storage, newest.get());
    } else {
      epoch = known;
      write(storage, epoch);
    }
    remember(storage, epoch);
    return epoch;
  }

  /**
   * @throws RecoveryException with STALE_WRITER when somebody else has taken over since
   */
  void requireNewest(NamedStorage storage) {
    Optional<Claim> newest = newest(storage);
    if (newest.isEmpty()) {
      throw lost(storage, remembered().getOrDefault(storage.name(), 0L));
    }
    if (!isOurs(newest.get())) {
      throw stale(storage, newest.get());
    }
  }

  /** Claims a new highest epoch in all storages, whoever wrote there before, and returns it. */
  long takeOver(List<NamedStorage> storages) {
    long highest =
        storages.stream()
            .flatMap(storage -> epochs(storage).stream())
            .max(Comparator.naturalOrder())
            .orElse(0L);
    DurableFile.delete(memory.file(MEMORY));
    for (NamedStorage storage : storages) {
      write(storage, highest + 1);
      remember(storage, highest + 1);
    }
    return highest + 1;
  }

  private List<Long> epochs(NamedStorage storage) {
    return storage.objects().names(folder).stream()
        .filter(name -> CLAIM.matcher(name).matches())
        .map(name -> Long.parseLong(name.substring(0, 10)))
        .toList();
  }

  private Optional<Claim> newest(NamedStorage storage) {
    return epochs(storage).stream()
        .max(Comparator.naturalOrder())
        .map(epoch -> read(storage, epoch));
  }

  private Claim read(NamedStorage storage, long epoch) {
    ObjectName name = name(epoch);
    try {
      JsonNode claim = Json.MAPPER.readTree(SmallObjects.read(storage, name));
      return new Claim(
          epoch,
          claim.path("writer").asText(),
          claim.path("host").asText("an unknown machine"),
          claim.path("at").asText("an unknown time"));
    } catch (IOException e) {
      return new Claim(epoch, "", "an unknown machine", "an unknown time"); // somebody's, not ours
    }
  }

  private void write(NamedStorage storage, long epoch) {
    ObjectNode claim = Json.MAPPER.createObjectNode();
    claim.put("format", 1);
    claim.put("writer", writer.id());
    claim.put("host", writer.host());
    claim.put("at", clock.instant().toString());
    try {
      SmallObjects.write(storage, name(epoch), (claim + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.OBJECT_EXISTS) {
        throw e;
      }
      throw stale(storage, read(storage, epoch)); // claimed since we looked
    }
  }

  private ObjectName name(long epoch) {
    return folder.child("%010d.json".formatted(epoch));
  }

  private boolean isOurs(Claim claim) {
    return claim.writer().equals(writer.id());
  }

  private Map<String, Long> remembered() {
    Map<String, Long> epochs = new TreeMap<>();
    for (List<String> row : TabSeparated.read(memory.file(MEMORY))) {
      epochs.put(row.get(0), Long.valueOf(row.get(1)));
    }
    return epochs;
  }

  private synchronized void remember(NamedStorage storage, long epoch) {
    Map<String, Long> epochs = remembered();
    if (!Long.valueOf(epoch).equals(epochs.put(storage.name(), epoch))) {
      TabSeparated.write(
          memory.file(MEMORY),
          epochs.entrySet().stream()
              .map(entry -> List.of(entry.getKey(), entry.getValue().toString()))
              .toList());
    }
  }

  private RecoveryException stale(NamedStorage storage, Claim newest) {
    return new RecoveryException(
        ErrorCode.STALE_WRITER,
        "backups of %s in storage %s are written by %s (writer %s, epoch %d, since %s), not by us (%s)"
            .formatted(
                environment,
                storage,
                newest.host(),
                newest.writer(),
                newest.epoch(),
                newest.at(),
                writer.id()),
        "if that one no longer writes, take over its backups; else leave them to it.");
  }

  private RecoveryException lost(NamedStorage storage, long epoch) {
    return new RecoveryException(
        ErrorCode.STORAGE_UNAVAILABLE,
        "storage %s shows no trace of %s, although we wrote there with epoch %d"
            .formatted(storage, environment, epoch),
        "mount what should be there; if it was emptied on purpose, take over its backups to begin"
            + " anew.");
  }

  private record Claim(long epoch, String writer, String host, String at) {}
}
