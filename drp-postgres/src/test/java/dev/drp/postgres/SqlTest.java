package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SqlTest {
  @Test
  void quotesNames() {
    assertThat(Sql.name("a\"b")).isEqualTo("\"a\"\"b\"");
    assertThat(Sql.name("s", "t;")).isEqualTo("\"s\".\"t;\"");
  }

  @Test
  void quotesTextsWhateverTheServerMakesOfBackslashes() {
    assertThat(Sql.text("it's")).isEqualTo("'it''s'");
    assertThat(Sql.text("a\\'b")).isEqualTo(" E'a\\\\''b'");
  }

  @Test
  void takesNoZeroCharacter() {
    assertThatThrownBy(() -> Sql.name("a\0b")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void quotesNamesInConnectionStrings() {
    assertThat(ClientPrograms.connectionTo("a'b\\c host=evil"))
        .isEqualTo("dbname='a\\'b\\\\c host=evil'");
  }
}
