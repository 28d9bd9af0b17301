package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.backup.Compression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZstdCompressionTest {
  private static final byte[] PLAIN = plain();

  private final Compression compression = new ZstdCompression();

  @Test
  void givesBackWhatItCompressed() throws IOException {
    byte[] compressed = compressed(PLAIN);

    assertThat(compressed.length).isLessThan(PLAIN.length / 2);
    assertThat(decompressed(compressed)).isEqualTo(PLAIN);
  }

  @Test
  void givesBackNothingWhereNothingWasCompressed() throws IOException {
    assertThat(decompressed(compressed(new byte[0]))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.001, 0.3, 0.999999})
  void failsOnWhatWasCut(double kept) throws IOException {
    byte[] compressed = compressed(PLAIN);
    byte[] cut = Arrays.copyOf(compressed, (int) (compressed.length * kept));

    assertThatThrownBy(() -> decompressed(cut)).isInstanceOf(IOException.class);
  }

  @Test
  void failsOnAFlippedBit() throws IOException {
    byte[] compressed = compressed(PLAIN);
    compressed[compressed.length / 2] ^= 4;

    assertThatThrownBy(() -> decompressed(compressed)).isInstanceOf(IOException.class);
  }

  private byte[] compressed(byte[] plain) throws IOException {
    ByteArrayOutputStream result = new ByteArrayOutputStream();
    try (OutputStream output = compression.compress(result)) {
      output.write(plain);
    }
    return result.toByteArray();
  }

  private byte[] decompressed(byte[] compressed) throws IOException {
    try (InputStream input = compression.decompress(new ByteArrayInputStream(compressed))) {
      return input.readAllBytes();
    }
  }

  private static byte[] plain() {
    byte[] plain = new byte[3_000_000];
    new Random(7).nextBytes(plain);
    for (int i = 0; i < plain.length; i++) {
      plain[i] = (byte) (plain[i] & 3);
    }
    return plain;
  }
}
