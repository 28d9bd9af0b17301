package dev.drp.backup.tar;

/**
 * Hears what a tar consists of, in order, without a byte missing. Buffers belong to the caller and
 * change afterwards.
 */
public interface TarListener {
  /**
   * A member begins.
   *
   * @param header its block of {@link TarFollower#BLOCK} bytes
   */
  void begin(TarMember member, byte[] header);

  /** Some of the content of the member that began last. */
  void content(byte[] data, int offset, int length);

  /** The content of the member that began last has passed. */
  void end();

  /** What is neither header nor content: padding, and the end of the archive. */
  void filler(byte[] data, int offset, int length);
}
