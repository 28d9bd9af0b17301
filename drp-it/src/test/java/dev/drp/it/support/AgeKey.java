package dev.drp.it.support;

import dev.drp.backup.Coding;
import dev.drp.plan.SecretReference;
import dev.drp.transfer.AgeDecryption;
import dev.drp.transfer.AgeEncryption;
import dev.drp.transfer.ZstdCompression;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * An identity in a file and its recipient, as the program {@code age-keygen} makes them.
 *
 * @param identity the file
 */
public record AgeKey(Path identity, String recipient) {
  /** A new one. */
  public static AgeKey generate(Path file) {
    Programs.run("age-keygen", "-o", file.toString());
    return new AgeKey(file, Programs.run("age-keygen", "-y", file.toString()).stdout().strip());
  }

  /** The program {@code age} of this machine, which needs nothing but the C library. */
  public static Path program() {
    return Path.of(Programs.run("sh", "-c", "command -v age").stdout().strip());
  }

  /** What decrypts with it. */
  public AgeDecryption decryption() {
    return AgeDecryption.of(List.of(new SecretReference.WholeFile(identity)));
  }

  /** What encrypts to all of these. */
  public static Coding codingTo(AgeKey... keys) {
    return new Coding(
        new ZstdCompression(),
        Optional.of(new AgeEncryption(Arrays.stream(keys).map(AgeKey::recipient).toList())));
  }
}
