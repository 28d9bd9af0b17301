package dev.drp.transfer;

import dev.drp.transfer.crypto.BoringSsl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;

/**
 * What follows the header of an age file: chunks of 64 KiB, each sealed for itself under its number
 * and whether it is the last one. So any of them can be read without those before it. Not safe for
 * concurrent use.
 */
final class AgePayload {
  /**
   * Plain bytes of every chunk but the last, which has from 0, where it is the only one, to that.
   */
  static final int CHUNK = 1 << 16;

  private static final int TAG = 16;

  /** A chunk as stored. */
  static final int STORED_CHUNK = CHUNK + TAG;

  private static final int NONCE = 12;
  private static final int COUNTER_AT = 3;

  private final SecretKey key;
  private final Cipher cipher;
  private final int mode;

  /**
   * @param mode of {@link Cipher}: to seal or to open
   * @param provider of the cipher; empty for that of Java
   */
  AgePayload(SecretKey key, int mode, Optional<Provider> provider) {
    this.key = key;
    this.mode = mode;
    this.cipher = ChaCha20.cipher(provider);
  }

  static AgePayload sealing(SecretKey key) {
    return new AgePayload(key, Cipher.ENCRYPT_MODE, BoringSsl.PROVIDER);
  }

  static AgePayload opening(SecretKey key) {
    return new AgePayload(key, Cipher.DECRYPT_MODE, BoringSsl.PROVIDER);
  }

  /**
   * Seals or opens a chunk.
   *
   * @return bytes in {@code target}
   * @throws IOException when a chunk to be opened is not what was written at this place
   */
  int chunk(long number, boolean last, byte[] source, int length, byte[] target)
      throws IOException {
    byte[] nonce = new byte[NONCE];
    ByteBuffer.wrap(nonce).putLong(COUNTER_AT, number).put(NONCE - 1, (byte) (last ? 1 : 0));
    try {
      cipher.init(mode, key, new IvParameterSpec(nonce));
      return cipher.doFinal(source, 0, length, target);
    } catch (AEADBadTagException e) {
      throw new IOException(
          "encrypted data is damaged or cut, in the 64 KiB from byte %d on"
              .formatted(number * CHUNK),
          e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("ChaCha20-Poly1305 failed", e);
    }
  }
}
