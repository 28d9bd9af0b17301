package dev.drp.files;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Passes a tar on to a program that unpacks it, rewritten, and only as far as nothing in it can
 * lead out of the place that it is meant for: no member lies behind a link of the same tar, hard
 * links lead to files of the same tar only, no name comes twice, and there are no devices. Not safe
 * for concurrent use.
 */
final class CheckedTar {
  private static final int BUFFER = 1 << 16;

  private final TarReader reader;
  private final String root;
  private final Map<String, TarType> seen = new HashMap<>();
  private final List<String> leftOut = new ArrayList<>();

  /**
   * @param root what every name has to begin with, a single name; empty for any
   */
  CheckedTar(InputStream tar, String root) {
    this.reader = new TarReader(tar);
    this.root = TarEntry.bytes(root);
  }

  /**
   * Passes it on.
   *
   * @param folder in which all of it is then, as a name that ends with a slash; empty for none
   * @return what was left out, for people
   * @throws dev.drp.RecoveryException with REFUSED or BACKUP_CORRUPT, and then the output is cut
   */
  List<String> passTo(OutputStream output, String folder) throws IOException {
    TarOutput tar = new TarOutput(output, folder);
    byte[] buffer = new byte[BUFFER];
    Optional<TarEntry> next = reader.next();
    while (next.isPresent()) {
      TarEntry entry = next.get();
      require(entry);
      if (entry.type() == TarType.DEVICE) {
        leftOut.add(TarEntry.display(entry.name()) + " (a device)");
      } else {
        tar.begin(entry);
        for (int n = reader.read(buffer, 0, BUFFER); n >= 0; n = reader.read(buffer, 0, BUFFER)) {
          tar.write(buffer, 0, n);
        }
      }
      next = reader.next();
    }
    tar.finish();
    return leftOut;
  }

  private void require(TarEntry entry) {
    String name = entry.name();
    if (name.isEmpty() && entry.type() != TarType.FOLDER) {
      throw TarReader.unsafe(".", "it has no name");
    }
    if (!root.isEmpty() && !name.equals(root) && !name.startsWith(root + "/")) {
      throw TarReader.unsafe(name, "it is not in %s".formatted(TarEntry.display(root)));
    }
    for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
      String above = name.substring(0, slash);
      if (seen.getOrDefault(above, TarType.FOLDER) != TarType.FOLDER) {
        throw TarReader.unsafe(name, "%s is no folder".formatted(TarEntry.display(above)));
      }
      seen.putIfAbsent(above, TarType.FOLDER);
    }
    boolean folderAgain =
        entry.type() == TarType.FOLDER && seen.getOrDefault(name, TarType.FILE) == TarType.FOLDER;
    if (seen.containsKey(name) && !folderAgain) {
      throw TarReader.unsafe(name, "it comes twice");
    }
    if (entry.type() == TarType.HARD_LINK && seen.get(entry.link()) != TarType.FILE) {
      throw TarReader.unsafe(name, "it is linked to %s".formatted(TarEntry.display(entry.link())));
    }
    seen.put(name, entry.type() == TarType.HARD_LINK ? TarType.FILE : entry.type());
  }
}
