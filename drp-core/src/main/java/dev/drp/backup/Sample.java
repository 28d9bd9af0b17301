package dev.drp.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.LocalDate;

/**
 * One of the slices that everything stored is dealt into, object by object, by a hash of its name:
 * each object is in exactly one, always the same. Another slice each day, so that as many days in a
 * row as there are slices hold everything once.
 *
 * @param of how many slices there are, 2 to {@value #MOST}
 * @param slice which one, from 0
 */
public record Sample(int of, int slice) {
  /** A year and a day: nobody would call it verified that was read that long ago. */
  public static final int MOST = 366;

  public Sample {
    if (of < 2 || of > MOST || slice < 0 || slice >= of) {
      throw new IllegalArgumentException("slice %d of %d".formatted(slice, of));
    }
  }

  /** The slice of a day. */
  public static Sample of(int slices, LocalDate day) {
    return new Sample(slices, Math.floorMod(day.toEpochDay(), slices));
  }

  /** Whether what is called so is in it. */
  public boolean holds(String name) {
    int hash = Integer.parseUnsignedInt(Sha256.of(name.getBytes(UTF_8)), 0, 8, 16);
    return Integer.remainderUnsigned(hash, of) == slice;
  }

  /** As a person counts: slice 3 of 7. */
  @Override
  public String toString() {
    return "slice %d of %d".formatted(slice + 1, of);
  }
}
