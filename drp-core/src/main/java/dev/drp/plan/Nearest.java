package dev.drp.plan;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that was probably meant. */
public final class Nearest {
  private static final int LONGEST = 64;

  private Nearest() {}

  /** The nearest of {@code known}, unless none is near enough to be a likely slip. */
  public static Optional<String> to(String word, Collection<String> known) {
    if (word.length() > LONGEST) {
      return Optional.empty();
    }
    String typed = word.toLowerCase(Locale.ROOT).replace('_', '-').replace(' ', '-');
    return known.stream()
        .filter(candidate -> likely(typed, candidate))
        .min(
            Comparator.comparingInt((String candidate) -> distance(typed, candidate))
                .thenComparing(Comparator.naturalOrder()));
  }

  private static boolean likely(String typed, String candidate) {
    int longer = Math.max(typed.length(), candidate.length());
    boolean abbreviated =
        typed.length() >= 3 && (candidate.startsWith(typed) || typed.startsWith(candidate));
    return abbreviated || distance(typed, candidate) <= Math.max(1, longer / 3);
  }

  /**
   * Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
   */
  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int replaced = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(replaced, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
