package dev.drp.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class RowHashesTest {
  @Test
  void countsRowsThatTheOtherDoesNotHave() {
    RowHashes backup = answers(1, 3, 5, 7);

    assertThat(backup.missingFrom(answers(1, 3, 5, 7))).isZero();
    assertThat(backup.missingFrom(answers(1, 2, 3, 4, 5, 6, 7))).isZero();
    assertThat(backup.missingFrom(answers(1, 7))).isEqualTo(2);
    assertThat(backup.missingFrom(answers())).isEqualTo(4);
  }

  @Test
  void countsEqualRowsAsOftenAsTheyStand() {
    assertThat(answers(4, 4, 4).missingFrom(answers(4))).isEqualTo(2);
    assertThat(answers(4).missingFrom(answers(4, 4))).isZero();
  }

  @Test
  void missesEveryRowOfATableThatIsGone() {
    assertThat(answers(1, 2).missingFrom(new RowHashes(Map.of()))).isEqualTo(2);
  }

  @Test
  void findsARowThatWasChanged() {
    assertThat(answers(-9, 0, 9).missingFrom(answers(-9, 1, 9))).isEqualTo(1);
  }

  private static RowHashes answers(long... sorted) {
    return new RowHashes(Map.of("public.answers", sorted));
  }
}
