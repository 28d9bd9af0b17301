package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockChecksumsTest {
  private static final int MIB = 1 << 20;
  private static final byte[] BYTES = bytes(3 * MIB + 17);

  @Test
  void areTheSameHoweverTheBytesCome() {
    BlockChecksums inPieces = new BlockChecksums();
    for (int from = 0; from < BYTES.length; from += 65_521) {
      inPieces.update(BYTES, from, Math.min(65_521, BYTES.length - from));
    }

    assertThat(inPieces.firstDifference(of(BYTES))).isEmpty();
    assertThat(inPieces.bytes()).isEqualTo(BYTES.length);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, MIB - 1, MIB, 3 * MIB - 1, 3 * MIB, 3 * MIB + 16})
  void findAFlippedBit(int position) {
    byte[] flipped = BYTES.clone();
    flipped[position] ^= 0x10;

    assertThat(of(BYTES).firstDifference(of(flipped))).hasValue(position / MIB * (long) MIB);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, MIB, 3 * MIB, 3 * MIB + 16})
  void findWhatIsMissingAtTheEnd(int length) {
    byte[] cut = Arrays.copyOf(BYTES, length);

    assertThat(of(BYTES).firstDifference(of(cut))).hasValue(length);
    assertThat(of(cut).firstDifference(of(BYTES))).hasValue(length);
  }

  @Test
  void findAFlippedBitFarBehind() {
    byte[] mebibyte = new byte[MIB];
    BlockChecksums plain = new BlockChecksums();
    BlockChecksums flipped = new BlockChecksums();
    for (int block = 0; block < 40; block++) {
      plain.update(mebibyte, 0, MIB);
      mebibyte[7] = (byte) (block == 34 ? 1 : 0);
      flipped.update(mebibyte, 0, MIB);
      mebibyte[7] = 0;
    }

    assertThat(plain.firstDifference(flipped)).hasValue(34L * MIB);
  }

  @Test
  void nothingIsLikeNothing() {
    assertThat(new BlockChecksums().firstDifference(new BlockChecksums())).isEmpty();
  }

  private static BlockChecksums of(byte[] bytes) {
    BlockChecksums checksums = new BlockChecksums();
    checksums.update(bytes, 0, bytes.length);
    return checksums;
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(7).nextBytes(bytes);
    return bytes;
  }
}
