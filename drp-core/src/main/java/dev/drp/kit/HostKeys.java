package dev.drp.kit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.plan.SshAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Reads the host keys of a machine from a file of OpenSSH, for a person to compare. */
final class HostKeys {
  private static final int SSH_PORT = 22;

  private HostKeys() {}

  /**
   * The keys of a machine as {@code ssh-keygen -l} shows them, such as {@code ssh-ed25519
   * SHA256:…}; empty where the file has none, or is not there. The format is that of sshd(8), "SSH
   * KNOWN HOSTS FILE FORMAT"; lines that do not have it are passed over.
   */
  static List<String> of(SshAddress address, Path knownHosts) {
    String host =
        address.port() == SSH_PORT
            ? address.host()
            : "[%s]:%d".formatted(address.host(), address.port());
    try {
      return Files.readAllLines(knownHosts).stream()
          .map(line -> line.trim().split("\\s+", -1))
          .filter(fields -> fields.length >= 3 && !fields[0].startsWith("@"))
          .filter(fields -> Arrays.stream(fields[0].split(",", -1)).anyMatch(it -> isOf(host, it)))
          .map(fields -> fields[1] + " " + fingerprint(fields[2]))
          .distinct()
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Names are plain, or hashed as {@code |1|salt|hash}. */
  private static boolean isOf(String host, String name) {
    String[] hashed = name.split("\\|", -1);
    if (!name.startsWith("|1|") || hashed.length != 4) {
      return name.equals(host);
    }
    try {
      Mac mac = Mac.getInstance("HmacSHA1");
      mac.init(new SecretKeySpec(Base64.getDecoder().decode(hashed[2]), "HmacSHA1"));
      return MessageDigest.isEqual(
          mac.doFinal(host.getBytes(UTF_8)), Base64.getDecoder().decode(hashed[3]));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false;
    }
  }

  private static String fingerprint(String key) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(Base64.getDecoder().decode(key));
      return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(hash);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    } catch (IllegalArgumentException e) {
      return "(cannot be read)";
    }
  }
}
