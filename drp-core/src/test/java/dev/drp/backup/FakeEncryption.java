package dev.drp.backup;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;

/**
 * What an encryption does, without any: who is not among the recipients is refused, the same
 * content gives other bytes each time, and what is cut or damaged fails.
 */
public class FakeEncryption implements Encryption {
  private static final AtomicInteger NEXT = new AtomicInteger(1);
  private static final int CHECKSUM = Long.BYTES;

  private final List<String> recipients;

  public FakeEncryption(String... recipients) {
    this.recipients = List.of(recipients);
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public String suffix() {
    return ".fake";
  }

  @Override
  public List<String> recipients() {
    return recipients;
  }

  @Override
  public String undoCommand() {
    return "fake -d -i \"$IDENTITY\"";
  }

  @Override
  public OutputStream encrypt(OutputStream output) throws IOException {
    ByteArrayOutputStream plain = new ByteArrayOutputStream();
    return new FilterOutputStream(plain) {
      @Override
      public void write(byte[] data, int offset, int length) {
        plain.write(data, offset, length);
      }

      @Override
      public void close() throws IOException {
        byte[] content = plain.toByteArray();
        int key = NEXT.getAndIncrement();
        output.write((key + " " + String.join(",", recipients) + "\n").getBytes(US_ASCII));
        output.write(ByteBuffer.allocate(CHECKSUM).putLong(checksum(content)).array());
        output.write(changed(content, key));
        output.close();
      }
    };
  }

  private static byte[] changed(byte[] content, int key) {
    byte[] result = new byte[content.length];
    for (int i = 0; i < content.length; i++) {
      result[i] = (byte) (content[i] ^ (key * 31 + i));
    }
    return result;
  }

  private static long checksum(byte[] content) {
    CRC32 checksum = new CRC32();
    checksum.update(content);
    return checksum.getValue();
  }

  /** What the holders of identities have; those are their recipients' names. */
  public record Undone(List<String> identities) implements Decryption {
    public static Undone with(String... identities) {
      return new Undone(List.of(identities));
    }

    @Override
    public String name() {
      return "fake";
    }

    @Override
    public String suffix() {
      return ".fake";
    }

    @Override
    public boolean hasIdentity() {
      return !identities.isEmpty();
    }

    @Override
    public InputStream decrypt(String what, InputStream stored) throws IOException {
      if (identities.isEmpty()) {
        throw new RecoveryException(
            ErrorCode.IDENTITY_MISSING, what + " is encrypted", "give an identity.");
      }
      ByteArrayOutputStream header = new ByteArrayOutputStream();
      for (int b = stored.read(); b != '\n'; b = stored.read()) {
        if (b < 0) {
          throw new IOException("cut");
        }
        header.write(b);
      }
      String[] fields = header.toString(US_ASCII).split(" ", 2);
      if (List.of(fields[1].split(",")).stream().noneMatch(identities::contains)) {
        throw new RecoveryException(
            ErrorCode.IDENTITY_REFUSED, what + " is for " + fields[1], "give another identity.");
      }
      byte[] rest = stored.readAllBytes();
      if (rest.length < CHECKSUM) {
        throw new IOException("cut");
      }
      ByteBuffer all = ByteBuffer.wrap(rest);
      long expected = all.getLong();
      byte[] content = new byte[all.remaining()];
      all.get(content);
      byte[] plain = changed(content, Integer.parseInt(fields[0]));
      if (checksum(plain) != expected) {
        throw new IOException("damaged");
      }
      return new ByteArrayInputStream(plain);
    }

    @Override
    public AtOffset decryptAnywhere(String what, AtOffset stored) throws IOException {
      byte[] plain;
      try (InputStream all = decrypt(what, stored.openAt(0))) {
        plain = all.readAllBytes();
      }
      return offset -> new ByteArrayInputStream(plain, (int) offset, plain.length);
    }
  }
}
