package dev.drp.files;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * What came of reading files.
 *
 * @param files how many files are in the tar, hard links not counted
 * @param bytes size of their content
 * @param unreadable what is there, and not in the tar; paths for people
 * @param changed what changed while it was read: the tar may have a mixture of before and after
 * @param leadsTo where it leads, when it is nothing but a symbolic link
 */
public record FilesRead(
    long files,
    long bytes,
    List<String> unreadable,
    List<String> changed,
    Optional<String> leadsTo) {
  public FilesRead {
    unreadable = List.copyOf(unreadable);
    changed = List.copyOf(changed);
    requireNonNull(leadsTo, "leadsTo");
  }
}
