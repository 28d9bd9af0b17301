package dev.drp.state;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Turns any name into one segment of a path: letters, digits and {@code _ + = . -} stay, everything
 * else is percent-encoded as UTF-8, and so is a leading dot. Different names give different
 * segments; what would be longer than file systems take ends with a hash instead.
 */
public final class FileName {
  private static final String KEPT =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=.-";
  private static final int LONGEST = 150;
  private static final int KEPT_OF_LONG = 100;

  private FileName() {}

  /** The segment for a name, which may hold anything; {@code %} alone for the empty name. */
  public static String encode(String name) {
    if (name.isEmpty()) {
      return "%";
    }
    StringBuilder encoded = new StringBuilder();
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (isKept(c) && !(c == '.' && encoded.isEmpty())) {
        encoded.append(c);
      } else {
        encoded.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
      }
    }
    return encoded.length() <= LONGEST
        ? encoded.toString()
        : encoded.substring(0, KEPT_OF_LONG) + "%" + sha256(name).substring(0, 32);
  }

  private static boolean isKept(char c) {
    return KEPT.indexOf(c) >= 0;
  }

  private static String sha256(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
