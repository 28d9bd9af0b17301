package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecipientTest {
  /** From the documentation of age. */
  private static final String KEY =
      "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

  @Test
  void takesWhatAgeKeygenPrints() {
    assertThat(new Recipient(KEY)).hasToString(KEY);
  }

  @Test
  void findsAnyCharacterThatHasChanged() {
    for (int i = 4; i < KEY.length(); i++) {
      char other = KEY.charAt(i) == 'q' ? 'p' : 'q';
      String changed = KEY.substring(0, i) + other + KEY.substring(i + 1);
      assertThatThrownBy(() -> new Recipient(changed))
          .as(changed)
          .isInstanceOf(InvalidValue.class)
          .hasMessageContaining("checksum");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "age1",
        "ssh-ed25519 AAAA",
        "AGE1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8ZMRJ2KG5SFN9AQMCAC8P",
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p "
      })
  void refusesWhatIsNone(String text) {
    assertThatThrownBy(() -> new Recipient(text)).isInstanceOf(InvalidValue.class);
  }

  @Test
  void neverShowsASecretKey() {
    assertThatThrownBy(() -> new Recipient("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJ"))
        .isInstanceOf(InvalidValue.class)
        .hasMessageNotContaining("GFPYYSJZ");
  }
}
