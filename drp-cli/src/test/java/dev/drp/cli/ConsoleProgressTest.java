package dev.drp.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.Progress;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ConsoleProgressTest {
  private final AtomicLong nanos = new AtomicLong();

  @Test
  void showsBytesRateAndTimeLeftOnOneLineOfATerminal() {
    TestConsole test = new TestConsole(new Console.Terminals(true, true, true), "");
    try (ConsoleProgress progress = new ConsoleProgress(test.console(), nanos::get)) {
      try (Progress.Task task = progress.start("dump of shop", 200_000_000)) {
        task.advance(50_000_000);
        pass(Duration.ofSeconds(10));
        progress.show();
        assertThat(test.err())
            .endsWith("[0:10] dump of shop  25.0%  50.0 MB of 200 MB  5.00 MB/s  0:30 left");
        progress.message("something happened");
        assertThat(test.err()).contains("\r\033[Ksomething happened\n[0:10] dump of shop");
      }
      assertThat(test.err()).endsWith("\r\033[K");
    }
    assertThat(test.out()).isEmpty();
  }

  @Test
  void writesPlainLinesElsewhere() {
    TestConsole test = TestConsole.plain();
    try (ConsoleProgress progress = new ConsoleProgress(test.console(), nanos::get);
        Progress.Task task = progress.start("dump of shop", 0)) {
      task.advance(1_000);
      pass(Duration.ofSeconds(3725));
      progress.show();
    }
    assertThat(test.err()).isEqualTo("[1:02:05] dump of shop  1.00 kB  0 B/s\n");
  }

  @Test
  void saysNothingOfShortWork() {
    TestConsole test = TestConsole.plain();
    try (ConsoleProgress progress = new ConsoleProgress(test.console())) {
      progress.start("dump of shop", 10).close();
    }
    assertThat(test.err()).isEmpty();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }
}
