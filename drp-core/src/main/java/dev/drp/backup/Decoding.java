package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * What undoes a {@link Coding}, whichever of these encryptions it was done with, or none.
 *
 * @param decryptions with the identities that there are
 */
public record Decoding(Compression compression, List<Decryption> decryptions) {
  public Decoding {
    requireNonNull(compression, "compression");
    decryptions = List.copyOf(decryptions);
  }

  /** For what is not encrypted. */
  public static Decoding plain(Compression compression) {
    return new Decoding(compression, List.of());
  }
}
