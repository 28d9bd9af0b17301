package dev.drp.backup;

import static java.util.Objects.requireNonNull;

/**
 * An object that several backups of a server share: frames of chunks, one after the other. Written
 * once, by the backup whose id its name begins with.
 *
 * @param name in the server's folder of packs
 * @param bytes size as stored
 * @param sha256 hash as stored, in lower-case hexadecimal digits
 */
public record Pack(String name, long bytes, String sha256) {
  public Pack {
    requireNonNull(name, "name");
    requireNonNull(sha256, "sha256");
  }
}
