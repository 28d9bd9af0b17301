package dev.drp.backup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * The chunks of a base backup in order, as files: every chunk with its identity for us, and runs of
 * frames for those who restore by hand. A line each, fields parted by spaces.
 */
final class ChunkList {
  private static final int FIELDS = 5;

  private ChunkList() {}

  /** Identity, plain size, pack, offset and size of the frame. */
  static void write(List<StoredChunk> chunks, OutputStream output) throws IOException {
    for (StoredChunk chunk : chunks) {
      line(
          output,
          "%s %d %s %d %d"
              .formatted(
                  chunk.id(), chunk.plainBytes(), chunk.pack(), chunk.offset(), chunk.bytes()));
    }
  }

  /**
   * @throws IOException when it cannot be read or is none
   */
  static List<StoredChunk> read(InputStream input) throws IOException {
    List<StoredChunk> chunks = new ArrayList<>();
    BufferedReader lines = new BufferedReader(new InputStreamReader(input, US_ASCII));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      chunks.add(parse(line));
    }
    return chunks;
  }

  private static StoredChunk parse(String line) throws IOException {
    String[] fields = line.split(" ", -1);
    try {
      if (fields.length == FIELDS) {
        return new StoredChunk(
            ChunkId.parse(fields[0]),
            Integer.parseInt(fields[1]),
            fields[2],
            Long.parseLong(fields[3]),
            Integer.parseInt(fields[4]));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("not a line of a list of chunks: " + line, e);
    }
    throw new IOException("not a line of a list of chunks: " + line);
  }

  /** Pack, offset and length of every run of frames that follow one another. */
  static void writeRuns(List<StoredChunk> chunks, OutputStream output) throws IOException {
    for (List<StoredChunk> run : runs(chunks)) {
      StoredChunk first = run.get(0);
      long length = run.get(run.size() - 1).end() - first.offset();
      line(output, "%s %d %d".formatted(first.pack(), first.offset(), length));
    }
  }

  /** Frames that follow one another in a pack, in order. */
  static List<List<StoredChunk>> runs(List<StoredChunk> chunks) {
    List<List<StoredChunk>> runs = new ArrayList<>();
    int begin = 0;
    for (int i = 1; i <= chunks.size(); i++) {
      if (i == chunks.size() || !chunks.get(i).follows(chunks.get(i - 1))) {
        runs.add(chunks.subList(begin, i));
        begin = i;
      }
    }
    return runs;
  }

  private static void line(OutputStream output, String line) throws IOException {
    output.write((line + "\n").getBytes(US_ASCII));
  }
}
