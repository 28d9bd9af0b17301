package dev.drp.transfer.ssh;

import com.hierynomus.sshj.transport.cipher.GcmCipher;
import com.hierynomus.sshj.transport.cipher.GcmCiphers;
import dev.drp.transfer.crypto.BoringSsl;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.util.Optional;
import java.util.function.Supplier;
import net.schmizz.sshj.transport.cipher.Cipher;

/**
 * AES in GCM that goes over to native code when there is more to do: Java's own needs some hundreds
 * of megabytes until it is compiled to use the processor's instructions, and stays below 20 MB/s
 * until then. Short conversations do not pay for loading the other.
 */
final class AesGcm extends GcmCipher {
  /** What Java does in the time that loading takes. */
  static final long JAVA_BYTES = 1 << 20;

  private static final String CIPHER = "AES";
  private static final String MODE = "GCM";
  private static final String TRANSFORMATION = CIPHER + "/" + MODE + "/NoPadding";
  private static final int NONCE = 12;
  private static final int TAG = 16;

  private final Supplier<Optional<Provider>> nativeCode;
  private long javaBytes;

  AesGcm(int keyBytes, Supplier<Optional<Provider>> nativeCode) {
    super(NONCE, TAG, keyBytes, CIPHER, TRANSFORMATION);
    this.nativeCode = nativeCode;
  }

  static GcmCiphers.Factory ofBits(int bits) {
    String name = "aes%d-gcm@openssh.com".formatted(bits);
    return new GcmCiphers.Factory(NONCE, TAG, bits, name, CIPHER, MODE) {
      @Override
      public Cipher create() {
        return new AesGcm(bits / Byte.SIZE, () -> BoringSsl.PROVIDER);
      }
    };
  }

  /** After each packet comes another nonce: the next one can be anybody's. */
  @Override
  public void update(byte[] data, int offset, int length) {
    super.update(data, offset, length);
    if (javaBytes < JAVA_BYTES) {
      javaBytes += length;
      if (javaBytes >= JAVA_BYTES) {
        nativeCode.get().ifPresent(this::goOnWith);
      }
    }
  }

  private void goOnWith(Provider provider) {
    try {
      cipher = javax.crypto.Cipher.getInstance(TRANSFORMATION, provider);
    } catch (GeneralSecurityException e) {
      // Java goes on, more slowly
    }
  }
}
