package dev.drp.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeletionLimitTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0, true, true",
    "1, 2, true, false",
    "10, 11, false, true",
    "11, 43, false, false",
    "11, 44, false, true",
    "251, 1000, false, false",
  })
  void allowsAQuarterAndAlwaysAFew(long deletions, long entries, boolean empty, boolean allowed) {
    assertThat(DeletionLimit.USUAL.allows(deletions, entries, empty)).isEqualTo(allowed);
  }

  @Test
  void allowsAllOnceItIsConfirmed() {
    assertThat(DeletionLimit.USUAL.confirm().allows(1000, 1000, true)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"-0.1", "1.1", "NaN"})
  void isAFraction(double fraction) {
    assertThatThrownBy(() -> new DeletionLimit(fraction, false))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
