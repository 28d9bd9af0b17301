package dev.drp.transfer.ssh;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import net.schmizz.sshj.common.Buffer;
import net.schmizz.sshj.common.KeyType;
import net.schmizz.sshj.transport.verification.HostKeyVerifier;
import net.schmizz.sshj.transport.verification.OpenSSHKnownHosts;
import net.schmizz.sshj.transport.verification.OpenSSHKnownHosts.KnownHostEntry;
import org.jspecify.annotations.Nullable;

/**
 * The host keys of a known_hosts file, and nothing else: a key that is not there is refused, and so
 * is one that is there as revoked. Remembers why it refused. For one connection.
 */
final class HostKeys implements HostKeyVerifier {
  private final SshTarget target;
  private final OpenSSHKnownHosts file;
  private @Nullable RecoveryException refusal;

  private HostKeys(SshTarget target, OpenSSHKnownHosts file) {
    this.target = target;
    this.file = file;
  }

  static HostKeys read(SshTarget target) {
    Path path = target.knownHosts();
    try (Reader reader = Files.newBufferedReader(path)) {
      return new HostKeys(target, new OpenSSHKnownHosts(reader));
    } catch (IOException e) {
      throw refused(
          "the file %s, which says which host keys to accept, cannot be read: %s"
              .formatted(path, e),
          addIt(target),
          e);
    }
  }

  /** Why the key was refused, once it was. */
  @Nullable RecoveryException refusal() {
    return refusal;
  }

  @Override
  public boolean verify(String host, int port, PublicKey key) {
    String name = port == 22 ? host : "[" + host + "]:" + port;
    KeyType type = KeyType.fromKey(key);
    List<String> expected = new ArrayList<>();
    boolean known = false;
    try {
      for (KnownHostEntry entry : file.entries()) {
        if (!entry.appliesTo(type, name.toLowerCase(java.util.Locale.ROOT))) {
          continue;
        }
        if (entry.getLine().startsWith("@revoked")) {
          if (blobIn(entry).equals(blob(key))) {
            refusal = revoked(key);
            return false;
          }
        } else {
          known |= entry.verify(key);
          expected.add(fingerprint(Base64.getDecoder().decode(blobIn(entry))));
        }
      }
    } catch (IOException e) {
      refusal = refused("%s: %s".formatted(target.knownHosts(), e), addIt(target), e);
      return false;
    }
    if (!known) {
      refusal = expected.isEmpty() ? unknown(type, key) : changed(expected, key);
    }
    return known;
  }

  @Override
  public List<String> findExistingAlgorithms(String host, int port) {
    return file.findExistingAlgorithms(host, port);
  }

  private RecoveryException unknown(KeyType type, PublicKey key) {
    return refused(
        "%s shows the %s host key %s, and %s has none for it"
            .formatted(target, type, fingerprint(key), target.knownHosts()),
        addIt(target),
        null);
  }

  private RecoveryException changed(List<String> expected, PublicKey key) {
    return refused(
        "%s shows another host key than it should: expected %s, found %s"
            .formatted(target, String.join(" or ", expected), fingerprint(key)),
        "somebody may be in between. If the machine was set up anew, ask for its fingerprint on"
            + " another"
            + " way, then: ssh-keygen -R %s -f %s, and %s"
                .formatted(hostPattern(target), target.knownHosts(), addIt(target)),
        null);
  }

  private RecoveryException revoked(PublicKey key) {
    return refused(
        "%s shows the host key %s, which %s says is revoked"
            .formatted(target, fingerprint(key), target.knownHosts()),
        "do not go on before you know who has that key.",
        null);
  }

  private static RecoveryException refused(String problem, String hint, @Nullable Throwable cause) {
    return new RecoveryException(ErrorCode.HOST_KEY_REFUSED, problem, hint, cause);
  }

  private static String addIt(SshTarget target) {
    return "compare the fingerprint with that of the machine itself, then add its key: ssh-keyscan%s %s >> %s"
        .formatted(
            target.port() == 22 ? "" : " -p " + target.port(), target.host(), target.knownHosts());
  }

  private static String hostPattern(SshTarget target) {
    return target.port() == 22
        ? target.host()
        : "'[%s]:%d'".formatted(target.host(), target.port());
  }

  private static String blobIn(KnownHostEntry entry) {
    String[] fields = entry.getLine().split(" ", -1);
    return fields[fields[0].startsWith("@") ? 3 : 2];
  }

  private static String blob(PublicKey key) {
    return Base64.getEncoder()
        .encodeToString(new Buffer.PlainBuffer().putPublicKey(key).getCompactData());
  }

  private static String fingerprint(PublicKey key) {
    return fingerprint(new Buffer.PlainBuffer().putPublicKey(key).getCompactData());
  }

  /** As ssh-keygen -l prints it. */
  private static String fingerprint(byte[] blob) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(blob);
      return "SHA256:" + Base64.getEncoder().withoutPadding().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
