package dev.drp.transfer;

import com.exceptionfactory.jagged.RecipientStanzaWriter;
import com.exceptionfactory.jagged.framework.format.StandardPayloadKeyWriter;
import com.exceptionfactory.jagged.x25519.X25519RecipientStanzaWriterFactory;
import dev.drp.backup.Encryption;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.SecretKey;

/**
 * The format age, version 1, with X25519 recipients, as {@code age -d} undoes it. A stream takes
 * 130 KiB.
 *
 * <p>The header is the library's. The chunks that follow it are sealed here, by the JDK's
 * ChaCha20-Poly1305: the library cannot begin in the middle of them, which reading packs needs.
 */
public final class AgeEncryption implements Encryption {
  static final String NAME = "age";
  static final String SUFFIX = ".age";

  /** More than the header takes for a recipient: a line of 70 bytes and one of 44. */
  private static final int BYTES_OF_RECIPIENT = 200;

  private static final int BYTES_OF_REST = 512;

  private final List<String> recipients;
  private final List<RecipientStanzaWriter> writers = new ArrayList<>();

  /**
   * @param recipients {@code age1…}, at least one
   * @throws IllegalArgumentException when one is none
   */
  public AgeEncryption(List<String> recipients) {
    this.recipients = List.copyOf(recipients);
    if (recipients.isEmpty()) {
      throw new IllegalArgumentException("no recipients");
    }
    for (String recipient : recipients) {
      try {
        writers.add(X25519RecipientStanzaWriterFactory.newRecipientStanzaWriter(recipient));
      } catch (GeneralSecurityException | RuntimeException e) {
        throw new IllegalArgumentException("not an age recipient: " + recipient, e);
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String suffix() {
    return SUFFIX;
  }

  @Override
  public List<String> recipients() {
    return recipients;
  }

  @Override
  public String undoCommand() {
    return "age -d -i \"$IDENTITY\"";
  }

  @Override
  public OutputStream encrypt(OutputStream output) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(BYTES_OF_REST + BYTES_OF_RECIPIENT * writers.size());
    SecretKey key;
    try {
      key = new StandardPayloadKeyWriter().writeFileHeader(header, writers);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("cannot encrypt to %s".formatted(recipients), e);
    }
    header.flip();
    output.write(header.array(), 0, header.limit());
    return new AgeOutputStream(output, AgePayload.sealing(key));
  }
}
