package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.drp.transfer.crypto.BoringSsl;
import java.io.IOException;
import java.security.Provider;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Machines with and without native code read what the other has written. */
class AgePayloadTest {
  private static final SecretKey KEY = new SecretKeySpec(random(32), "ChaCha20");
  private static final Optional<Provider> JAVA = Optional.empty();

  static Stream<Arguments> sealingAndOpening() {
    return Stream.of(
        Arguments.of(JAVA, BoringSsl.PROVIDER),
        Arguments.of(BoringSsl.PROVIDER, JAVA),
        Arguments.of(JAVA, JAVA));
  }

  @Test
  void hasNativeCodeOnACommonServer() {
    assumeThat(System.getProperty("os.name") + " " + System.getProperty("os.arch"))
        .isEqualTo("Linux amd64");

    assertThat(BoringSsl.PROVIDER).isPresent();
  }

  @ParameterizedTest
  @MethodSource("sealingAndOpening")
  void opensWhatAnotherHasSealed(Optional<Provider> sealing, Optional<Provider> opening)
      throws IOException {
    for (int bytes : new int[] {0, 1, AgePayload.CHUNK}) {
      byte[] plain = random(bytes);

      assertThat(opened(sealed(plain, sealing), opening)).isEqualTo(plain);
    }
  }

  @ParameterizedTest
  @MethodSource("sealingAndOpening")
  void refusesWhatIsNotWhatWasSealed(Optional<Provider> sealing, Optional<Provider> opening)
      throws IOException {
    byte[] sealed = sealed(random(100), sealing);
    byte[] changed = sealed.clone();
    changed[50] ^= 1;

    assertThatIOException().isThrownBy(() -> opened(changed, opening));
    for (int length : new int[] {0, 15, 16, 99}) {
      assertThatIOException()
          .as("cut to %d bytes", length)
          .isThrownBy(() -> opened(Arrays.copyOf(sealed, length), opening));
    }
  }

  private static byte[] sealed(byte[] plain, Optional<Provider> provider) throws IOException {
    byte[] target = new byte[AgePayload.STORED_CHUNK];
    int bytes =
        new AgePayload(KEY, Cipher.ENCRYPT_MODE, provider)
            .chunk(7, true, plain, plain.length, target);
    return Arrays.copyOf(target, bytes);
  }

  private static byte[] opened(byte[] sealed, Optional<Provider> provider) throws IOException {
    byte[] target = new byte[AgePayload.STORED_CHUNK];
    int bytes =
        new AgePayload(KEY, Cipher.DECRYPT_MODE, provider)
            .chunk(7, true, sealed, sealed.length, target);
    return Arrays.copyOf(target, bytes);
  }

  private static byte[] random(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return content;
  }
}
