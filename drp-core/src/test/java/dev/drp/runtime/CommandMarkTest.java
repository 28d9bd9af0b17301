package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CommandMarkTest {
  @Test
  void givesEachProgramAMarkOfItsOwnThatIsNotTheBeginningOfAnother() {
    String first = CommandMark.next();
    for (int i = 0; i < 100; i++) {
      assertThat(CommandMark.next()).doesNotStartWith(first);
    }
  }

  @Test
  void knowsThatItsOwnerIsStillThere() {
    assertThat(CommandMark.ownerHasEnded(CommandMark.next())).isFalse();
  }

  @Test
  void knowsThatItsOwnerHasEndedAlsoWhenAnotherProcessHasItsNumberNow() throws Exception {
    Process ended = new ProcessBuilder("true").start();
    assertThat(ended.waitFor(10, TimeUnit.SECONDS)).isTrue();

    assertThat(CommandMark.ownerHasEnded(markOf(ended.pid(), "1"))).isTrue();
    assertThat(CommandMark.ownerHasEnded(markOf(ProcessHandle.current().pid(), "1"))).isTrue();
  }

  @Test
  void knowsNothingOfOwnersElsewhere() {
    String elsewhere = CommandMark.next().replaceFirst("^[^.]*", "another-boot-4026531836");

    assertThat(CommandMark.ownerHasEnded(elsewhere)).isFalse();
    assertThat(CommandMark.ownerHasEnded("")).isFalse();
    assertThat(CommandMark.ownerHasEnded("../../etc.1.2.3.")).isFalse();
  }

  private static String markOf(long pid, String start) {
    String[] parts = CommandMark.next().split("\\.", -1);
    return String.join(".", parts[0], Long.toString(pid), start, "1", "");
  }
}
