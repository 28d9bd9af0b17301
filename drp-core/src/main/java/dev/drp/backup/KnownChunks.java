package dev.drp.backup;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Chunks that need not be stored again. Takes about half a MiB for each GiB of plain content. Safe
 * for concurrent use.
 */
final class KnownChunks {
  private final Map<ChunkId, StoredChunk> chunks = new HashMap<>();
  private final Map<String, Pack> packs = new HashMap<>();
  private List<StoredChunk> taken = List.of();

  /**
   * Takes in what an earlier backup has. Packs of which it needs less than half are left out: their
   * chunks are stored anew, so that the pack can go with the backup.
   *
   * @param present names and sizes of the packs that the storage still has
   */
  void addAll(List<StoredChunk> earlier, List<Pack> earlierPacks, Map<String, Long> present) {
    Map<String, Long> needed = new HashMap<>();
    Set<ChunkId> counted = new HashSet<>();
    for (StoredChunk chunk : earlier) {
      if (counted.add(chunk.id())) {
        needed.merge(chunk.pack(), (long) chunk.bytes(), Long::sum);
      }
    }
    for (Pack pack : earlierPacks) {
      boolean whole = present.getOrDefault(pack.name(), -1L) == pack.bytes();
      if (whole && 2 * needed.getOrDefault(pack.name(), 0L) >= pack.bytes()) {
        packs.put(pack.name(), pack);
      }
    }
    for (StoredChunk chunk : earlier) {
      if (packs.containsKey(chunk.pack())) {
        add(chunk);
      }
    }
  }

  /** Notes what the backup that is being taken consists of, in order. */
  void consists(List<StoredChunk> all) {
    taken = List.copyOf(all);
  }

  /** What the backup that was taken consists of; empty when it has no chunks. */
  List<StoredChunk> taken() {
    return taken;
  }

  synchronized void add(StoredChunk chunk) {
    chunks.put(chunk.id(), chunk);
  }

  synchronized Optional<StoredChunk> find(ChunkId id) {
    @Nullable StoredChunk known = chunks.get(id);
    return Optional.ofNullable(known);
  }

  /** An earlier backup's pack; empty for one that is being written. */
  Optional<Pack> pack(String name) {
    return Optional.ofNullable(packs.get(name));
  }
}
