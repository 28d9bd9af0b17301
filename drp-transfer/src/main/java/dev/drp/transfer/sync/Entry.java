package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Locale;

/**
 * A file, folder or link of a tree, or something else that is never copied. Names and targets of
 * links are bytes, held as characters of ISO 8859-1: names need not be text.
 *
 * @param name below the tree's folder; empty for that folder itself
 * @param type as {@code find} tells it: {@code f}, {@code d}, {@code l}
 * @param mode octal
 * @param time of its last change, as {@code find} tells it, to the nanosecond
 * @param link where a symbolic link leads; for a file with several names in the tree the first of
 *     these; else empty
 * @param sparse whether it takes less of its disk than its size, as a file with holes does
 */
record Entry(
    String name,
    char type,
    String mode,
    String owner,
    long size,
    String time,
    String link,
    boolean sparse) {
  boolean isFile() {
    return type == 'f';
  }

  boolean isFolder() {
    return type == 'd';
  }

  boolean isCopied() {
    return isFile() || isFolder() || type == 'l';
  }

  /** Whether a tree with this one instead would be the same. */
  boolean isLike(Entry other, boolean owners) {
    return type == other.type
        && time.equals(other.time)
        && (isFolder() || link.equals(other.link))
        && (!isFile() || size == other.size)
        && (type == 'l' || mode.equals(other.mode))
        && (!owners || owner.equals(other.owner));
  }

  /** The name of the folder that it is in; its own for the tree's folder. */
  String parent() {
    int slash = name.lastIndexOf('/');
    return slash < 0 ? "" : name.substring(0, slash);
  }

  /** As programs get it: never an option. */
  static String argument(String name) {
    return name.isEmpty() ? "." : "./" + name;
  }

  /** For people. */
  static String text(String name) {
    if (name.isEmpty()) {
      return ".";
    }
    byte[] bytes = name.getBytes(ISO_8859_1);
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notText) {
      StringBuilder text = new StringBuilder();
      for (byte b : bytes) {
        text.append(b >= 0 ? String.valueOf((char) b) : String.format(Locale.ROOT, "\\x%02x", b));
      }
      return text.toString();
    }
  }
}
