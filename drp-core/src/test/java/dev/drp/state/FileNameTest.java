package dev.drp.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.backup.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FileNameTest {
  @ParameterizedTest
  @CsvSource({
    "production, production",
    "Ask&Trust, Ask%26Trust",
    "a b, a%20b",
    "../etc, %2E.%2Fetc",
    ".hidden, %2Ehidden",
    "100%, 100%25",
    "é, %C3%A9",
    "-rf, -rf"
  })
  void keepsPlainNamesAndEncodesTheRest(String name, String segment) {
    assertThat(FileName.encode(name)).isEqualTo(segment);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "/", "a/b", "$(reboot)", "line\nbreak", "'\"`", "\0", "~"})
  void makesASegmentOfAnything(String name) {
    assertThat(new ObjectName(FileName.encode(name)).value()).doesNotContain("/");
  }

  @Test
  void tellsLongNamesApart() {
    String one = FileName.encode("é".repeat(300) + "1");
    String other = FileName.encode("é".repeat(300) + "2");

    assertThat(one).isNotEqualTo(other).hasSizeLessThan(200);
    assertThat(new ObjectName(one)).isNotNull();
  }
}
