package dev.drp.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class PartialChecksumsTest {
  private final Random random = new Random(7);

  private static int checksum(byte[] content, int from, int to) {
    CRC32C checksum = new CRC32C();
    checksum.update(content, from, to - from);
    return (int) checksum.getValue();
  }

  @Test
  void ofPartsInAnyOrderIsThatOfTheWhole() {
    for (int round = 0; round < 50; round++) {
      byte[] content = new byte[random.nextInt(100_000)];
      random.nextBytes(content);
      List<Integer> cuts = new ArrayList<>(List.of(0, content.length));
      for (int cut = random.nextInt(8); cut > 0; cut--) {
        cuts.add(random.nextInt(content.length + 1));
      }
      Collections.sort(cuts);
      List<Integer> parts = new ArrayList<>();
      for (int part = 1; part < cuts.size(); part++) {
        parts.add(part);
      }
      Collections.shuffle(parts, random);
      PartialChecksums checksums = new PartialChecksums();
      for (int part : parts) {
        int from = cuts.get(part - 1);
        int to = cuts.get(part);
        if (to > from) {
          checksums.add(from, to - from, checksum(content, from, to));
        }
      }

      assertThat(checksums.ofAll()).isEqualTo(checksum(content, 0, content.length));
    }
  }

  @Test
  void knowsTheOrderOfItsParts() {
    byte[] content = {1, 2, 3, 4};
    PartialChecksums swapped = new PartialChecksums();
    swapped.add(0, 2, checksum(content, 2, 4));
    swapped.add(2, 2, checksum(content, 0, 2));

    assertThat(swapped.ofAll()).isNotEqualTo(checksum(content, 0, 4));
  }
}
