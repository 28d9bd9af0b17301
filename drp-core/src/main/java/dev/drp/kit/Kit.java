package dev.drp.kit;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.List;

/**
 * A kit that was made.
 *
 * @param file the kit
 * @param sha256 of that file, in hexadecimal digits
 * @param page to be printed; it holds no secret
 * @param missing what belongs into it and could not be read, for a person
 * @param notes what else it lacks, for a person
 */
public record Kit(
    Path file, long bytes, String sha256, Path page, List<String> missing, List<String> notes) {
  public Kit {
    requireNonNull(file, "file");
    requireNonNull(sha256, "sha256");
    requireNonNull(page, "page");
    missing = List.copyOf(missing);
    notes = List.copyOf(notes);
  }
}
