package dev.drp.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.List;

/**
 * A member of a tar. Names are bytes on Linux: each byte is one character here, so that every name
 * comes out as it went in; {@link #display} is for people.
 *
 * @param name relative, without {@code .} or {@code ..}; empty for the folder itself that was read
 * @param bytes size of the file, of a sparse one with its holes
 * @param mode the lower twelve bits
 * @param link where a symbolic link leads, as it is; of a hard link, the name of an earlier member;
 *     of a file in a {@link FileIndex}, the first of its names, where it has several
 * @param extents where a sparse file has data; empty for one without holes
 */
record TarEntry(
    String name,
    TarType type,
    long bytes,
    int mode,
    long uid,
    long gid,
    String user,
    String group,
    Instant modified,
    String link,
    List<Extent> extents) {
  /** A stretch of a file that holds data. */
  record Extent(long offset, long bytes) {}

  TarEntry {
    requireNonNull(name, "name");
    requireNonNull(type, "type");
    requireNonNull(user, "user");
    requireNonNull(group, "group");
    requireNonNull(modified, "modified");
    requireNonNull(link, "link");
    extents = List.copyOf(extents);
  }

  TarEntry withoutExtents() {
    return new TarEntry(name, type, bytes, mode, uid, gid, user, group, modified, link, List.of());
  }

  /** The same file under another name, with the name that stands for all of its names. */
  TarEntry as(String otherName, String first) {
    return new TarEntry(
        otherName, type, bytes, mode, uid, gid, user, group, modified, first, extents);
  }

  /** How much of it the tar holds. */
  long storedBytes() {
    return extents.isEmpty() ? bytes : extents.stream().mapToLong(Extent::bytes).sum();
  }

  /** A name of bytes for people. */
  static String display(String name) {
    return new String(name.getBytes(ISO_8859_1), UTF_8).replaceAll("\\p{Cntrl}", "?");
  }

  /** A name of the Java world as bytes. */
  static String bytes(String name) {
    return new String(name.getBytes(UTF_8), ISO_8859_1);
  }
}
