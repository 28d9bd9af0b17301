package dev.drp.backup;

/**
 * Where a chunk is stored, as one frame of a pack.
 *
 * @param plainBytes size of its plain content
 * @param pack name of the pack
 * @param offset of its frame in the pack
 * @param bytes size of its frame
 */
record StoredChunk(ChunkId id, int plainBytes, String pack, long offset, int bytes) {
  long end() {
    return offset + bytes;
  }

  /** Whether its frame follows another one's at once. */
  boolean follows(StoredChunk other) {
    return pack.equals(other.pack) && offset == other.end();
  }
}
