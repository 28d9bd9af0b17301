package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.state.DurableFile;
import dev.drp.state.EnvironmentState;
import dev.drp.state.FileName;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The chunks of the last encrypted physical backup in a storage, on the machine that took it: it
 * has no identity with which it could read the list that it stored. Lost, it costs space, and
 * nothing else.
 */
final class RememberedChunks {
  private static final String FILE = "chunks.";

  private final Path file;

  /**
   * @param storage in which they are
   */
  RememberedChunks(EnvironmentState memory, NamedStorage storage) {
    this.file = memory.file(FILE + FileName.encode(storage.name()));
  }

  /** Replaces what was remembered. */
  void write(BackupId id, List<StoredChunk> chunks) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    try {
      content.write((id + "\n").getBytes(UTF_8));
      ChunkList.write(chunks, content);
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory", e);
    }
    DurableFile.write(file, content.toByteArray());
  }

  /** The chunks of that backup; empty when another one was remembered, or what was is damaged. */
  Optional<List<StoredChunk>> of(BackupId id) {
    byte[] beginning = (id + "\n").getBytes(UTF_8);
    try {
      byte[] content = Files.readAllBytes(file);
      InputStream input = new ByteArrayInputStream(content);
      if (!Arrays.equals(input.readNBytes(beginning.length), beginning)) {
        return Optional.empty();
      }
      return Optional.of(ChunkList.read(input));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
