package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * A stored part of a backup.
 *
 * @param name its name in the set's folder: {@code database.dump.zst}
 * @param plainName what its plain content is called: {@code database.dump}
 * @param bytes size as stored
 * @param sha256 hash as stored, in lower-case hexadecimal digits
 * @param plainBytes size of the plain content, whose integrity the {@link Compression} keeps
 * @param compression name of the {@link Compression}; empty where it is stored plain
 * @param encryption name of the {@link Encryption}, which comes after the compression; empty where
 *     everybody can read it
 */
public record BackupPart(
    String name,
    String plainName,
    long bytes,
    String sha256,
    long plainBytes,
    Optional<String> compression,
    Optional<String> encryption) {
  public BackupPart {
    requireNonNull(name, "name");
    requireNonNull(plainName, "plainName");
    requireNonNull(sha256, "sha256");
    requireNonNull(compression, "compression");
    requireNonNull(encryption, "encryption");
  }
}
