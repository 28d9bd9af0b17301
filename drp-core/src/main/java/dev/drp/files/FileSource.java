package dev.drp.files;

import java.io.OutputStream;

/** A file or a folder with all that is in it, somewhere. */
public interface FileSource {
  /** Where it is, for people. */
  String place();

  /**
   * Writes it as a tar of POSIX format (pax, sparse files as GNU tar writes them) that ends well:
   * modes, owners by name and number, times, links. What cannot be read is left out and told of.
   * The stream stays open.
   *
   * @throws dev.drp.RecoveryException FILES_MISSING when there is nothing at all; what the place
   *     throws when it cannot be reached
   */
  FilesRead read(OutputStream tar);

  /** The same for a comparison: nothing is kept but an index. Empty where there is nothing. */
  FileIndex index();
}
