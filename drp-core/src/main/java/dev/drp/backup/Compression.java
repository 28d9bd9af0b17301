package dev.drp.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/**
 * A way to make parts smaller that a standard program can undo. Safe for concurrent use; its
 * streams are not.
 */
public interface Compression {
  /** What the manifest calls it: {@code zstd}. */
  String name();

  /** What a part's name ends with: {@code .zst}. */
  String suffix();

  /**
   * The standard program that undoes it, from its standard input to its standard output, for those
   * who restore by hand: {@code zstd -dcq}.
   */
  String undoCommand();

  /**
   * Compresses what is written to the stream; closing it ends the compressed data and closes {@code
   * output}.
   */
  OutputStream compress(OutputStream output) throws IOException;

  /**
   * Gives the plain bytes; data that is cut or damaged fails with an IOException and never ends
   * quietly. So the compressed data must hold a checksum of the plain content that is compared
   * here: a backup keeps no other.
   */
  InputStream decompress(InputStream input) throws IOException;

  /**
   * Compresses a piece of content at once, as one frame: frames one after the other are undone as
   * one stream. With the checksum that {@link #decompress} needs.
   */
  byte[] compressFrame(byte[] content);

  /**
   * Undoes one frame.
   *
   * @param plainBytes size of the content
   * @throws IOException when the frame is cut or damaged, or its content has another size
   */
  byte[] decompressFrame(byte[] frame, int plainBytes) throws IOException;

  /**
   * The same into a buffer, which the content fills. Nothing on the way is copied when the buffer
   * is outside the heap and native code does the work.
   */
  default void decompressFrame(byte[] frame, ByteBuffer plain) throws IOException {
    plain.put(decompressFrame(frame, plain.remaining()));
  }
}
