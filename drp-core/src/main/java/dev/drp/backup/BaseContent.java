package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.database.Lsn;
import java.util.List;

/**
 * What a manifest says of a base backup: the part of a physical backup that is shared with others.
 *
 * @param timeline of the write-ahead log that makes it consistent, which it brings along
 * @param start where that log begins
 * @param end where that log ends; from here on it can follow an archive
 * @param tarBytes size of the plain tar
 * @param newBytes how much this backup added to the packs, as stored
 * @param packs all that it needs
 * @param configuration absolute paths of the files that came from outside the data directory
 */
public record BaseContent(
    int timeline,
    Lsn start,
    Lsn end,
    long tarBytes,
    long newBytes,
    List<Pack> packs,
    List<String> configuration) {
  public BaseContent {
    requireNonNull(start, "start");
    requireNonNull(end, "end");
    packs = List.copyOf(packs);
    configuration = List.copyOf(configuration);
  }
}
