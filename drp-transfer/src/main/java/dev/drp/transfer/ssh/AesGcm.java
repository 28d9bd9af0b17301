package dev.drp.transfer.ssh;

import com.hierynomus.sshj.transport.cipher.GcmCipher;
import com.hierynomus.sshj.transport.cipher.GcmCiphers;
import dev.drp.transfer.crypto.BoringSsl;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Provider;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import net.schmizz.sshj.common.SSHRuntimeException;
import net.schmizz.sshj.transport.cipher.Cipher;

/**
 * AES in GCM that goes over to native code when there is more to do: Java's own needs some hundreds
 * of megabytes until it is compiled to use the processor's instructions, and stays below 20 MB/s
 * until then. Short conversations do not pay for loading the other, unless that was done beside
 * something else.
 */
final class AesGcm extends GcmCipher {
  /** What Java does in the time that loading takes. */
  static final long JAVA_BYTES = 1 << 20;

  private static final String CIPHER = "AES";
  private static final String MODE = "GCM";
  private static final String TRANSFORMATION = CIPHER + "/" + MODE + "/NoPadding";
  private static final int NONCE = 12;
  private static final int TAG = 16;

  private static final ByteBuffer NO_MEMORY = ByteBuffer.allocateDirect(0);

  private static volatile boolean loaded;

  private final Supplier<Optional<Provider>> nativeCode;
  private final BooleanSupplier ready;
  private long javaBytes;
  private boolean decided;
  private boolean isNative;
  private Nonce nonce = new Nonce(new byte[NONCE]);

  /** Memory outside of the heap: what goes into native code, and what comes out of it. */
  private ByteBuffer into = NO_MEMORY;

  private ByteBuffer out = NO_MEMORY;

  /**
   * @param nativeCode is asked once, after the first packets
   * @param ready whether it need not be loaded any more: then one packet is enough
   */
  AesGcm(int keyBytes, Supplier<Optional<Provider>> nativeCode, BooleanSupplier ready) {
    super(NONCE, TAG, keyBytes, CIPHER, TRANSFORMATION);
    this.nativeCode = nativeCode;
    this.ready = ready;
  }

  /** Loads the native code: connections then go over to it at once. */
  static void load() {
    loaded = BoringSsl.PROVIDER.isPresent();
  }

  static GcmCiphers.Factory ofBits(int bits) {
    String name = "aes%d-gcm@openssh.com".formatted(bits);
    return new GcmCiphers.Factory(NONCE, TAG, bits, name, CIPHER, MODE) {
      @Override
      public Cipher create() {
        return new AesGcm(bits / Byte.SIZE, () -> BoringSsl.PROVIDER, () -> loaded);
      }
    };
  }

  @Override
  protected void initCipher(javax.crypto.Cipher java, Mode direction, byte[] key, byte[] iv)
      throws InvalidKeyException, InvalidAlgorithmParameterException {
    super.initCipher(java, direction, key, iv);
    nonce = new Nonce(iv);
    parameters = nonce;
  }

  /** After each packet comes another nonce: the next one can be anybody's. */
  @Override
  public void update(byte[] data, int offset, int length) {
    if (isNative) {
      updateNatively(data, offset, length);
      return;
    }
    super.update(data, offset, length);
    javaBytes += length;
    if (!decided && (javaBytes >= JAVA_BYTES || ready.getAsBoolean())) {
      decided = true;
      nativeCode.get().ifPresent(this::goOnWith);
    }
  }

  /**
   * Conscrypt copies the arrays that it is given, all of each and in both directions; with buffers
   * of our own it is one copy there and one back.
   */
  private void updateNatively(byte[] data, int offset, int length) {
    boolean opening = mode == Mode.Decrypt;
    int given = opening ? length + TAG : length;
    int gotten = opening ? length : length + TAG;
    if (out.capacity() < length + TAG) {
      int room = 2 * Integer.highestOneBit(length + TAG);
      into = ByteBuffer.allocateDirect(room);
      out = ByteBuffer.allocateDirect(room);
    }
    try {
      getInitializedCipherInstance()
          .doFinal(into.clear().put(data, offset, given).flip(), out.clear());
    } catch (GeneralSecurityException e) {
      throw new SSHRuntimeException("Error updating data through cipher", e);
    }
    out.flip().get(data, offset, gotten);
    nonce.next();
    initialized = false;
  }

  private void goOnWith(Provider provider) {
    try {
      cipher = javax.crypto.Cipher.getInstance(TRANSFORMATION, provider);
      isNative = true;
    } catch (GeneralSecurityException e) {
      // Java goes on, more slowly
    }
  }

  /** That of the next packet. */
  private static final class Nonce extends CounterGCMParameterSpec {
    Nonce(byte[] first) {
      super(TAG * Byte.SIZE, first);
    }

    void next() {
      incrementCounter();
    }
  }
}
