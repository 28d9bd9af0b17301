package dev.drp.transfer.sync;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a folder held at one moment.
 *
 * @param identity of the folder on its machine; another one means that another file system is
 *     mounted there
 * @param root whether the account is root, who may give files to others
 * @param rsync whether there is an {@code rsync}
 * @param entries by name, the folder itself included; none if it does not exist
 */
record Tree(String identity, boolean root, boolean rsync, SortedMap<String, Entry> entries) {
  /** The folder does not exist, is something else, or may not be entered. */
  private static final int NO_FOLDER = 97;

  private static final int SYMBOLIC_LINK = 98;
  private static final int NO_TOOLS = 96;

  private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

  /** What {@code find} counts the place on the disk in. */
  private static final int BLOCK = 512;

  /** Defines what tells about the account; for scripts that list. */
  static final String FACTS =
      """
      LC_ALL=C; export LC_ALL
      find / -maxdepth 0 -printf '' && tar --version | grep -q 'GNU tar' || exit 96
      user=$(id -u)
      rsync=$(command -v rsync)
      facts() { printf '%s\\0%s\\0' "$user" "$rsync"; }
      """;

  /** For each entry three texts that end in a zero byte: no name can break out of that. */
  static final String ENTRIES =
      """
      cd "$1" || exit 97
      exec find . -ignore_readdir_race -printf '%y %m %U:%G %s %T@ %n %D:%i %b\\0%P\\0%l\\0'
      """;

  /** Lists a folder that must exist. */
  static final String LIST_SOURCE = FACTS + "facts\n" + ENTRIES;

  boolean exists() {
    return !entries.isEmpty();
  }

  /** Whether there is nothing in it. */
  boolean isEmpty() {
    return entries.values().stream().noneMatch(it -> it.isCopied() && !it.name().isEmpty());
  }

  Collection<Entry> all() {
    return entries.values();
  }

  @Nullable Entry get(String name) {
    return entries.get(name);
  }

  /**
   * Reads what {@link #LIST_SOURCE} wrote, all of it, and refuses names that lead out of the
   * folder.
   */
  static Tree read(InputStream output, String place) throws IOException {
    Texts texts = new Texts(output);
    Tree tree = read(texts, place);
    if (!texts.isEnded()) {
      throw hostile(place, "");
    }
    return tree;
  }

  /** The same of a listing that an empty text ends; without that one it is cut. */
  static Tree read(Texts texts, String place) throws IOException {
    String user = texts.next();
    String rsync = texts.next();
    Map<String, List<Entry>> sameFile = new HashMap<>();
    SortedMap<String, Entry> entries = new TreeMap<>();
    String identity = "";
    for (String facts = texts.next(); facts != null && !facts.isEmpty(); facts = texts.next()) {
      String name = texts.next();
      String link = texts.next();
      if (name == null || link == null) {
        break; // cut: the exit code says so
      }
      String[] fact = facts.split(" ", -1);
      if (fact.length != 8 || !isNumber(fact[3]) || !isNumber(fact[7])) {
        throw hostile(place, facts);
      }
      long size = Long.parseLong(fact[3]);
      boolean sparse = Long.parseLong(fact[7]) < size / BLOCK;
      Entry entry =
          new Entry(name, fact[0].charAt(0), fact[1], fact[2], size, fact[4], link, sparse);
      identity = name.isEmpty() ? fact[6] : identity;
      if (entry.isFile() && !fact[5].equals("1")) {
        sameFile.computeIfAbsent(fact[6], it -> new ArrayList<>()).add(entry);
      }
      entries.put(name, entry);
    }
    sameFile.values().forEach(names -> nameFirst(names, entries));
    for (Entry entry : entries.values()) {
      requireInside(entry, entries, place);
    }
    return new Tree(identity, "0".equals(user), rsync != null && !rsync.isEmpty(), entries);
  }

  private static boolean isNumber(String text) {
    return NUMBER.matcher(text).matches();
  }

  private static void nameFirst(List<Entry> names, Map<String, Entry> entries) {
    if (names.size() < 2) {
      return;
    }
    String first = names.stream().map(Entry::name).min(String::compareTo).orElseThrow();
    for (Entry it : names) {
      entries.put(
          it.name(),
          new Entry(
              it.name(),
              it.type(),
              it.mode(),
              it.owner(),
              it.size(),
              it.time(),
              first,
              it.sparse()));
    }
  }

  /** A listing may come from somebody who means harm. */
  private static void requireInside(Entry entry, Map<String, Entry> entries, String place) {
    if (entry.name().isEmpty()) {
      return;
    }
    Entry parent = entries.get(entry.parent());
    String last = entry.name().substring(entry.name().lastIndexOf('/') + 1);
    boolean inside =
        parent != null
            && parent.isFolder()
            && !last.isEmpty()
            && !last.equals(".")
            && !last.equals("..");
    if (!inside) {
      throw hostile(place, entry.name());
    }
  }

  /** Why there is no listing. */
  static RecoveryException failure(String place, int exitCode, String errorOutput) {
    return switch (exitCode) {
      case NO_TOOLS ->
          new RecoveryException(
              ErrorCode.COMMAND_NOT_FOUND,
              "%s: there is no GNU find and tar: %s".formatted(place, errorOutput.strip()),
              "install findutils and tar there; the account needs a shell.");
      case SYMBOLIC_LINK ->
          new RecoveryException(
              ErrorCode.REFUSED,
              "%s is a symbolic link".formatted(place),
              "name the folder that it leads to.");
      case NO_FOLDER ->
          new RecoveryException(
              ErrorCode.ACCESS_DENIED,
              "%s cannot be entered: %s".formatted(place, errorOutput.strip()),
              "check that it is a folder that the account may read, and that it is mounted.");
      default ->
          new RecoveryException(
              ErrorCode.ACCESS_DENIED,
              "%s cannot be listed completely, so nothing is changed: %s"
                  .formatted(place, errorOutput.strip()),
              "let the account read all of its folders.");
    };
  }

  private static RecoveryException hostile(String place, String found) {
    return new RecoveryException(
        ErrorCode.REFUSED,
        "the listing of %s holds what no folder can: '%s'".formatted(place, Entry.text(found)),
        "do not trust that machine before you know why.");
  }
}
