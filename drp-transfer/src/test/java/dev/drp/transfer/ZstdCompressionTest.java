package dev.drp.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.backup.Compression;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
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

  @Test
  void givesBackFramesOfAnySizeInAnyOrder() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    for (int size : new int[] {PLAIN.length, 0, 1, 200_000, PLAIN.length, 70}) {
      byte[] content = Arrays.copyOfRange(PLAIN, PLAIN.length - size, PLAIN.length);
      byte[] frame = compression.compressFrame(content);
      assertThat(compression.decompressFrame(frame, size)).isEqualTo(content);
      assertThat(intoBuffer(frame, size, true)).isEqualTo(content);
      assertThat(intoBuffer(frame, size, false)).isEqualTo(content);
      all.write(content);
      frames.write(frame);
    }

    assertThat(decompressed(frames.toByteArray())).isEqualTo(all.toByteArray());
  }

  /** With something before and behind it, which stays. */
  private byte[] intoBuffer(byte[] frame, int size, boolean outsideHeap) throws IOException {
    ByteBuffer buffer =
        outsideHeap ? ByteBuffer.allocateDirect(size + 2) : ByteBuffer.allocate(size + 2);
    buffer.put(0, (byte) 1).put(size + 1, (byte) 2).position(1).limit(size + 1);

    compression.decompressFrame(frame, buffer);

    assertThat(buffer.position()).isEqualTo(size + 1);
    buffer.clear();
    assertThat(buffer.get(0)).isEqualTo((byte) 1);
    assertThat(buffer.get(size + 1)).isEqualTo((byte) 2);
    byte[] content = new byte[size];
    buffer.get(1, content);
    return content;
  }

  @Test
  void compressesFramesOfSeveralThreadsAtOnce() throws IOException {
    List<byte[]> contents =
        IntStream.range(0, 64).mapToObj(i -> Arrays.copyOf(PLAIN, 100_000 + 1000 * i)).toList();

    List<byte[]> frames = contents.parallelStream().map(compression::compressFrame).toList();

    for (int i = 0; i < contents.size(); i++) {
      byte[] content = contents.get(i);
      assertThat(compression.decompressFrame(frames.get(i), content.length)).isEqualTo(content);
    }
  }

  @Test
  void failsOnAFrameThatIsNotWhatItWas() {
    byte[] frame = compression.compressFrame(PLAIN);
    byte[] flipped = frame.clone();
    flipped[flipped.length / 2] ^= 4;
    byte[] cut = Arrays.copyOf(frame, frame.length - 1);

    assertThatThrownBy(() -> compression.decompressFrame(flipped, PLAIN.length))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> compression.decompressFrame(cut, PLAIN.length))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> compression.decompressFrame(frame, PLAIN.length + 1))
        .isInstanceOf(IOException.class);
    for (byte[] wrong : List.of(flipped, cut)) {
      assertThatThrownBy(() -> intoBuffer(wrong, PLAIN.length, true))
          .isInstanceOf(IOException.class);
    }
    for (int size : new int[] {PLAIN.length - 1, PLAIN.length + 1}) {
      assertThatThrownBy(() -> intoBuffer(frame, size, true)).isInstanceOf(IOException.class);
    }
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
