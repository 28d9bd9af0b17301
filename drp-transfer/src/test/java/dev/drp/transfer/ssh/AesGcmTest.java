package dev.drp.transfer.ssh;

import static net.schmizz.sshj.transport.cipher.Cipher.Mode.Decrypt;
import static net.schmizz.sshj.transport.cipher.Cipher.Mode.Encrypt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hierynomus.sshj.transport.cipher.GcmCiphers;
import dev.drp.transfer.crypto.BoringSsl;
import java.security.Provider;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import net.schmizz.sshj.common.SSHRuntimeException;
import net.schmizz.sshj.transport.cipher.Cipher;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against sshj's own, which is Java's. */
class AesGcmTest {
  private static final int LENGTH = 4;
  private static final int PACKET = 32 << 10;
  private static final int TAG = 16;
  private static final int BEFORE = (int) AesGcm.JAVA_BYTES / PACKET;
  private static final byte[] KEY = random(64);
  private static final byte[] NONCE = random(64);

  private final AtomicInteger loaded = new AtomicInteger();
  private boolean ready;

  @BeforeAll
  static void keepBouncyCastleOut() {
    assertThat(new ModernConfig().getCipherFactories()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 256})
  void sealsAndOpensEachPacketLikeJava(int bits) {
    Cipher java = (bits == 128 ? GcmCiphers.AES128GCM() : GcmCiphers.AES256GCM()).create();
    Cipher sealing = AesGcm.ofBits(bits).create();
    Cipher opening = AesGcm.ofBits(bits).create();
    java.init(Encrypt, KEY, NONCE);
    sealing.init(Encrypt, KEY, NONCE);
    opening.init(Decrypt, KEY, NONCE);

    for (int number = 0; number < 2 * BEFORE; number++) {
      byte[] plain = packet();
      byte[] expected = plain.clone();
      byte[] sealed = plain.clone();
      java.updateWithAAD(expected, 0, LENGTH, PACKET);
      sealing.updateWithAAD(sealed, 0, LENGTH, PACKET);
      assertThat(sealed).as("packet %d", number).isEqualTo(expected);

      opening.updateWithAAD(sealed, 0, LENGTH, PACKET);
      assertThat(sealed).as("packet %d", number).startsWith(withoutTag(plain));
    }
  }

  @Test
  void loadsNativeCodeOnceThereIsEnoughToDo() {
    Cipher cipher = cipher(BoringSsl.PROVIDER);
    for (int number = 1; number < BEFORE; number++) {
      cipher.updateWithAAD(packet(), 0, LENGTH, PACKET);
    }
    assertThat(loaded).hasValue(0);

    cipher.updateWithAAD(packet(), 0, LENGTH, PACKET);
    cipher.updateWithAAD(packet(), 0, LENGTH, PACKET);
    assertThat(loaded).hasValue(1);
  }

  @Test
  void takesNativeCodeThatIsLoadedFromTheSecondPacketOn() {
    ready = true;
    Cipher java = GcmCiphers.AES128GCM().create();
    Cipher cipher = cipher(BoringSsl.PROVIDER);
    java.init(Encrypt, KEY, NONCE);
    for (int number = 0; number < 3; number++) {
      byte[] expected = packet();
      byte[] sealed = expected.clone();
      java.updateWithAAD(expected, 0, LENGTH, PACKET);
      cipher.updateWithAAD(sealed, 0, LENGTH, PACKET);
      assertThat(sealed).isEqualTo(expected);
      assertThat(loaded).hasValue(1);
    }
  }

  @Test
  void goesOnWithoutNativeCode() {
    Cipher java = GcmCiphers.AES128GCM().create();
    Cipher cipher = cipher(Optional.empty());
    java.init(Encrypt, KEY, NONCE);
    for (int number = 0; number < BEFORE + 2; number++) {
      byte[] expected = packet();
      byte[] sealed = expected.clone();
      java.updateWithAAD(expected, 0, LENGTH, PACKET);
      cipher.updateWithAAD(sealed, 0, LENGTH, PACKET);
      assertThat(sealed).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, LENGTH, LENGTH + PACKET})
  void refusesWhatWasChangedOnTheWay(int where) {
    Cipher sealing = cipher(BoringSsl.PROVIDER);
    Cipher opening = AesGcm.ofBits(128).create();
    opening.init(Decrypt, KEY, NONCE);
    for (int number = 0; number < BEFORE; number++) {
      byte[] packet = packet();
      sealing.updateWithAAD(packet, 0, LENGTH, PACKET);
      opening.updateWithAAD(packet, 0, LENGTH, PACKET);
    }

    byte[] packet = packet();
    sealing.updateWithAAD(packet, 0, LENGTH, PACKET);
    packet[where] ^= 1;
    assertThatThrownBy(() -> opening.updateWithAAD(packet, 0, LENGTH, PACKET))
        .isInstanceOf(SSHRuntimeException.class);
  }

  private Cipher cipher(Optional<Provider> nativeCode) {
    Cipher cipher =
        new AesGcm(
            128 / Byte.SIZE,
            () -> {
              loaded.incrementAndGet();
              return nativeCode;
            },
            () -> ready);
    cipher.init(Encrypt, KEY, NONCE);
    return cipher;
  }

  /** Its length, its content and room for its tag. */
  private static byte[] packet() {
    return random(LENGTH + PACKET + TAG);
  }

  private static byte[] withoutTag(byte[] packet) {
    return Arrays.copyOf(packet, LENGTH + PACKET);
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random().nextBytes(bytes);
    return bytes;
  }
}
