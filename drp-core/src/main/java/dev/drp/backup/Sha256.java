package dev.drp.backup;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts bytes and hashes them as they pass. Not safe for concurrent use. */
final class Sha256 {
  private final MessageDigest digest = newDigest();
  private long bytes;

  void update(byte[] data, int offset, int length) {
    digest.update(data, offset, length);
    bytes += length;
  }

  long bytes() {
    return bytes;
  }

  /** The hash of all that passed, in lower-case hexadecimal digits; nothing may pass afterwards. */
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }

  static String of(byte[] data) {
    return HexFormat.of().formatHex(newDigest().digest(data));
  }

  private static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }
}
