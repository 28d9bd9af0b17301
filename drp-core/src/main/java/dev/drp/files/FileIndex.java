package dev.drp.files;

import dev.drp.files.TarEntry.Extent;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is in a tar, with a hash of each file's content; enough to compare it with another one.
 * Which name of a file comes first in the tar, and which ones are hard links to it, makes no
 * difference: that is a matter of the order in which folders are read.
 */
public final class FileIndex {
  private static final int BUFFER = 1 << 16;
  private static final byte[] ZEROS = new byte[BUFFER];

  private final Map<String, Indexed> members;

  private record Indexed(TarEntry entry, String sha256) {}

  private FileIndex(Map<String, Indexed> members) {
    this.members = members;
  }

  /**
   * Reads a tar to its end.
   *
   * @throws dev.drp.RecoveryException with BACKUP_CORRUPT when it is cut or no tar; REFUSED when a
   *     name in it leads out of it
   */
  public static FileIndex of(InputStream tar) throws IOException {
    return of(tar, true);
  }

  /** The same, cheaper, for one that is compared with none. */
  static FileIndex withoutHashes(InputStream tar) throws IOException {
    return of(tar, false);
  }

  private static FileIndex of(InputStream tar, boolean hashes) throws IOException {
    TarReader reader = new TarReader(tar);
    Map<String, Indexed> members = new TreeMap<>();
    byte[] buffer = new byte[BUFFER];
    Optional<TarEntry> next = reader.next();
    while (next.isPresent()) {
      TarEntry entry = next.get();
      String hash = hashes && entry.type() == TarType.FILE ? hash(entry, reader, buffer) : "";
      members.put(entry.name(), new Indexed(entry.withoutExtents(), hash));
      next = reader.next();
    }
    return new FileIndex(withoutOrder(members));
  }

  /** Each name of a file as the file itself, with the first of its names as its link. */
  private static Map<String, Indexed> withoutOrder(Map<String, Indexed> members) {
    Map<String, String> first = new HashMap<>();
    members.forEach(
        (name, member) -> {
          if (isLinkTo(members, member)) {
            first.putIfAbsent(member.entry.link(), min(name, member.entry.link()));
          }
        });
    if (first.isEmpty()) {
      return members;
    }
    Map<String, Indexed> equal = new TreeMap<>();
    members.forEach(
        (name, member) -> {
          String file = isLinkTo(members, member) ? member.entry.link() : name;
          @Nullable String link = first.get(file);
          Indexed content = members.getOrDefault(file, member);
          equal.put(
              name,
              link == null ? member : new Indexed(content.entry.as(name, link), content.sha256));
        });
    return equal;
  }

  private static boolean isLinkTo(Map<String, Indexed> members, Indexed member) {
    @Nullable Indexed file = members.get(member.entry.link());
    return member.entry.type() == TarType.HARD_LINK
        && file != null
        && file.entry.type() == TarType.FILE;
  }

  private static String min(String a, String b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /** Of nothing. */
  public static FileIndex empty() {
    return new FileIndex(Map.of());
  }

  private static String hash(TarEntry entry, TarReader reader, byte[] buffer) throws IOException {
    MessageDigest digest = sha256();
    long at = 0;
    List<Extent> extents =
        entry.extents().isEmpty() ? List.of(new Extent(0, entry.bytes())) : entry.extents();
    for (Extent extent : extents) {
      zeros(digest, extent.offset() - at);
      for (long left = extent.bytes(); left > 0; ) {
        int count = reader.read(buffer, 0, (int) Math.min(left, BUFFER));
        digest.update(buffer, 0, count);
        left -= count;
      }
      at = extent.offset() + extent.bytes();
    }
    zeros(digest, entry.bytes() - at);
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void zeros(MessageDigest digest, long count) {
    for (long left = count; left > 0; left -= BUFFER) {
      digest.update(ZEROS, 0, (int) Math.min(left, BUFFER));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }

  /** Names of all members. */
  List<String> names() {
    return List.copyOf(members.keySet());
  }

  /** How many files there are. */
  public long files() {
    return contents().count();
  }

  /** Size of all files, with holes. */
  public long bytes() {
    return contents().mapToLong(TarEntry::bytes).sum();
  }

  /** Each file under one of its names. */
  private Stream<TarEntry> contents() {
    return members.values().stream()
        .map(Indexed::entry)
        .filter(it -> it.type() == TarType.FILE)
        .filter(it -> it.link().isEmpty() || it.link().equals(it.name()));
  }

  /** Where it leads, when there is nothing but a symbolic link; for people. */
  Optional<String> leadsTo() {
    return members.values().stream()
        .map(Indexed::entry)
        .filter(it -> members.size() == 1 && it.type() == TarType.SYMBOLIC_LINK)
        .map(it -> TarEntry.display(it.link()))
        .findFirst();
  }

  /** What {@link HostFolder} puts back of it. */
  public FileIndex withoutDevices() {
    Map<String, Indexed> others = new TreeMap<>(members);
    others.values().removeIf(it -> it.entry.type() == TarType.DEVICE);
    return new FileIndex(others);
  }

  /**
   * How the other one differs from this one, in the order of names.
   *
   * @param base what comes before the names, for people
   */
  public List<FileDifference> differencesOf(FileIndex other, String base) {
    List<FileDifference> differences = new ArrayList<>();
    Map<String, Indexed> all = new TreeMap<>(other.members);
    all.putAll(members);
    for (String name : all.keySet()) {
      @Nullable Indexed ours = members.get(name);
      @Nullable Indexed theirs = other.members.get(name);
      String path = base + TarEntry.display(name);
      if (theirs == null) {
        differences.add(new FileDifference(FileDifference.Kind.MISSING, path, List.of()));
      } else if (ours == null) {
        differences.add(new FileDifference(FileDifference.Kind.ADDED, path, List.of()));
      } else {
        List<String> aspects = aspects(ours, theirs);
        if (!aspects.isEmpty()) {
          differences.add(new FileDifference(FileDifference.Kind.CHANGED, path, aspects));
        }
      }
    }
    return differences;
  }

  private static List<String> aspects(Indexed ours, Indexed theirs) {
    TarEntry a = ours.entry;
    TarEntry b = theirs.entry;
    if (a.type() != b.type()) {
      return List.of("type");
    }
    List<String> aspects = new ArrayList<>();
    if (!ours.sha256.equals(theirs.sha256)) {
      aspects.add("content");
    }
    if (!a.link().equals(b.link())) {
      aspects.add("link");
    }
    if (a.type() != TarType.SYMBOLIC_LINK && a.mode() != b.mode()) {
      aspects.add("mode");
    }
    if (isOther(a.user(), a.uid(), b.user(), b.uid())
        || isOther(a.group(), a.gid(), b.group(), b.gid())) {
      aspects.add("owner");
    }
    if (a.type() == TarType.FILE
        && a.modified().getEpochSecond() != b.modified().getEpochSecond()) {
      aspects.add("time");
    }
    return aspects;
  }

  /** By name where both have one: another machine may have another number for it. */
  private static boolean isOther(String name, long id, String otherName, long otherId) {
    boolean named = !name.isEmpty() && !otherName.isEmpty();
    return named ? !name.equals(otherName) : id != otherId;
  }
}
