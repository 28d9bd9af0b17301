package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.exceptionfactory.jagged.RecipientStanzaReader;
import com.exceptionfactory.jagged.UnsupportedRecipientStanzaException;
import com.exceptionfactory.jagged.framework.format.StandardPayloadKeyReader;
import com.exceptionfactory.jagged.x25519.X25519RecipientStanzaReaderFactory;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import dev.drp.backup.Decryption;
import dev.drp.plan.SecretReference;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.SecretKey;

/** Reads the format age, version 1, with X25519 identities, whoever wrote it. */
public final class AgeDecryption implements Decryption {
  private static final String SECRET_KEY = "AGE-SECRET-KEY-1";
  private static final String VERSION = "age-encryption.org/v1";
  private static final String END_OF_HEADER = "--- ";
  private static final int LARGEST_HEADER = 1 << 16;
  private static final int NONCE = 16;

  private final List<RecipientStanzaReader> readers;

  private AgeDecryption(List<RecipientStanzaReader> readers) {
    this.readers = List.copyOf(readers);
  }

  /**
   * For the holder of these identities.
   *
   * @param identities where they are: text as {@code age-keygen} writes it, lines {@code
   *     AGE-SECRET-KEY-1…} and comments after {@code #}. None, for one who has no identity and will
   *     be told so when one is needed
   * @throws RecoveryException with SECRET_UNAVAILABLE when there is none in one, or something else
   */
  public static AgeDecryption of(List<? extends SecretReference> identities) {
    List<RecipientStanzaReader> readers = new ArrayList<>();
    identities.forEach(identity -> addAll(identity.toString(), identity.resolve(), readers));
    return new AgeDecryption(readers);
  }

  private static void addAll(String where, Secret identities, List<RecipientStanzaReader> readers) {
    int before = readers.size();
    int number = 0;
    for (String line : identities.reveal().lines().map(String::strip).toList()) {
      number++;
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      readers.add(reader(where, number, line));
    }
    if (readers.size() == before) {
      throw noIdentity(where, "it holds no identity");
    }
  }

  private static RecipientStanzaReader reader(String where, int number, String line) {
    if (line.startsWith(VERSION) || line.startsWith("-----BEGIN AGE ENCRYPTED FILE")) {
      throw new RecoveryException(
          ErrorCode.SECRET_UNAVAILABLE,
          "identity %s is encrypted itself".formatted(where),
          "decrypt it with `age -d` into a file that only you can read, and name that.");
    }
    if (!line.startsWith(SECRET_KEY)) {
      throw noIdentity(where, "line %d is no identity of age".formatted(number));
    }
    try {
      return X25519RecipientStanzaReaderFactory.newRecipientStanzaReader(line);
    } catch (GeneralSecurityException | RuntimeException e) {
      throw noIdentity(where, "line %d is a damaged identity".formatted(number));
    }
  }

  private static RecoveryException noIdentity(String where, String problem) {
    // No cause: it might show what is secret.
    return new RecoveryException(
        ErrorCode.SECRET_UNAVAILABLE,
        "identity %s: %s (what it holds is not shown)".formatted(where, problem),
        "name a file as age-keygen writes it, with a line AGE-SECRET-KEY-1….");
  }

  @Override
  public String name() {
    return AgeEncryption.NAME;
  }

  @Override
  public String suffix() {
    return AgeEncryption.SUFFIX;
  }

  @Override
  public boolean hasIdentity() {
    return !readers.isEmpty();
  }

  @Override
  public InputStream decrypt(String what, InputStream stored) throws IOException {
    return new AgeInputStream(stored, AgePayload.opening(header(what, stored).key), 0);
  }

  @Override
  public AtOffset decryptAnywhere(String what, AtOffset stored) throws IOException {
    try (InputStream beginning = stored.openAt(0)) {
      Header header = header(what, beginning);
      return offset -> openAt(header, stored, offset);
    }
  }

  private static InputStream openAt(Header header, AtOffset stored, long offset)
      throws IOException {
    long chunk = offset / AgePayload.CHUNK;
    InputStream from = stored.openAt(header.bytes + chunk * AgePayload.STORED_CHUNK);
    boolean opened = false;
    try {
      InputStream plain = new AgeInputStream(from, AgePayload.opening(header.key), chunk);
      plain.skipNBytes(offset % AgePayload.CHUNK);
      opened = true;
      return plain;
    } finally {
      if (!opened) {
        from.close();
      }
    }
  }

  private record Header(int bytes, SecretKey key) {}

  private Header header(String what, InputStream stored) throws IOException {
    if (readers.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.IDENTITY_MISSING,
          "%s is encrypted, and no identity was given".formatted(what),
          "give the file with an identity of one of its recipients: --identity FILE, or"
              + " DRP_IDENTITY_FILE.");
    }
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    String line;
    do {
      line = line(stored, header);
    } while (!line.startsWith(END_OF_HEADER));
    byte[] nonce = stored.readNBytes(NONCE);
    if (nonce.length < NONCE) {
      throw new IOException("it is cut in its header");
    }
    header.write(nonce);
    return new Header(header.size(), key(what, header.toByteArray()));
  }

  private static String line(InputStream stored, ByteArrayOutputStream header) throws IOException {
    int begin = header.size();
    int b;
    do {
      b = stored.read();
      if (b < 0) {
        throw new IOException("it is cut in its header");
      }
      header.write(b);
      if (header.size() > LARGEST_HEADER) {
        throw new IOException("it is no age file");
      }
    } while (b != '\n');
    String line = header.toString(US_ASCII).substring(begin);
    if (begin == 0 && !line.equals(VERSION + "\n")) {
      throw new IOException("it is no age file");
    }
    return line;
  }

  /** Tries one identity after the other. */
  private SecretKey key(String what, byte[] header) throws IOException {
    try {
      return new StandardPayloadKeyReader().getPayloadKey(ByteBuffer.wrap(header), readers);
    } catch (UnsupportedRecipientStanzaException e) {
      throw refused(what, e);
    } catch (GeneralSecurityException e) {
      throw new IOException("its header is damaged: " + e.getMessage(), e);
    }
  }

  private static RecoveryException refused(String what, Exception cause) {
    return new RecoveryException(
        ErrorCode.IDENTITY_REFUSED,
        "%s was not encrypted to any of the identities that were given".formatted(what),
        "its manifest names the recipients; `age-keygen -y FILE` tells which one a file belongs"
            + " to.",
        cause);
  }
}
