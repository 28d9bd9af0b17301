package dev.drp.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SyncRequestTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "/", "//", "srv", "/srv/..", "/../srv", "/srv/./app", "/a\0b"})
  void takesNoFolderThatMayBeAnother(String there) {
    assertThatThrownBy(() -> request(Path.of("/srv"), there))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "srv", "/srv/.."})
  void takesNoFolderOfThisMachineThatMayBeAnother(String here) {
    assertThatThrownBy(() -> request(Path.of(here), "/srv"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void takesOddNamesAsTheyAre() {
    assertThat(request(Path.of("/srv"), "/srv//it's ..so\n…/").there())
        .isEqualTo("/srv/it's ..so\n…");
  }

  private static SyncRequest request(Path here, String there) {
    return new SyncRequest(
        here, there, SyncRequest.Direction.PUSH, DeletionLimit.USUAL, OptionalLong.empty());
  }
}
