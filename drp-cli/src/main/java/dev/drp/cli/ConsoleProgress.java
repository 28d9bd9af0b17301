package dev.drp.cli;

import dev.drp.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows progress on standard error: on a terminal one line that is kept up to date, elsewhere a
 * line now and then. Short work prints nothing.
 */
final class ConsoleProgress implements Progress, AutoCloseable {
  private static final Duration TERMINAL_INTERVAL = Duration.ofMillis(200);
  private static final Duration PLAIN_INTERVAL = Duration.ofSeconds(30);
  private static final int DEFAULT_WIDTH = 80;

  private final Console console;
  private final boolean terminal;
  private final LongSupplier nanos;
  private final List<Running> running = new ArrayList<>();
  private @Nullable Thread ticker;
  private int width;

  ConsoleProgress(Console console) {
    this(console, System::nanoTime);
  }

  ConsoleProgress(Console console, LongSupplier nanos) {
    this.console = console;
    this.terminal = console.terminals().err();
    this.nanos = nanos;
  }

  @Override
  public void message(String line) {
    console.note(line);
  }

  @Override
  public synchronized Task start(String what, long expectedBytes) {
    Running task = new Running(what, expectedBytes, nanos.getAsLong());
    running.add(task);
    if (ticker == null) {
      ticker = new Thread(this::tick, "progress");
      ticker.setDaemon(true);
      ticker.start();
    }
    return task;
  }

  private void tick() {
    Duration interval = terminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
    if (terminal) {
      width = terminalWidth();
    }
    try {
      while (true) {
        TimeUnit.NANOSECONDS.sleep(interval.toNanos());
        show();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed: the thread ends
    }
  }

  /** Shows how the running tasks are doing now. */
  synchronized void show() {
    if (terminal) {
      console.status(running.isEmpty() ? "" : fitting(line(running.get(running.size() - 1))));
    } else {
      running.forEach(task -> console.note(line(task)));
    }
  }

  private String fitting(String line) {
    String others = running.size() > 1 ? " (+" + (running.size() - 1) + ")" : "";
    int room = (width > 20 ? width : DEFAULT_WIDTH) - 1 - others.length();
    return (line.length() > room ? line.substring(0, room) : line) + others;
  }

  private String line(Running task) {
    Duration elapsed = Duration.ofNanos(nanos.getAsLong() - task.startedAt);
    long bytes = task.bytes.get();
    StringBuilder line = new StringBuilder();
    line.append('[').append(clock(elapsed)).append("] ").append(task.what);
    if (bytes == 0 && task.expectedBytes == 0) {
      return line.toString(); // work that counts no bytes
    }
    line.append("  ");
    if (task.expectedBytes > 0) {
      double part = Math.min(1, (double) bytes / task.expectedBytes);
      line.append(String.format(Locale.ROOT, "%.1f%%  ", part * 100));
    }
    line.append(Format.bytes(bytes));
    if (task.expectedBytes > 0) {
      line.append(" of ").append(Format.bytes(task.expectedBytes));
    }
    String rate = Format.rate(bytes, elapsed);
    if (!rate.isEmpty()) {
      line.append("  ").append(rate);
    }
    if (bytes > 0 && bytes < task.expectedBytes) {
      double left = (double) (task.expectedBytes - bytes) / bytes * elapsed.toMillis();
      line.append("  ").append(clock(Duration.ofMillis((long) left))).append(" left");
    }
    return line.toString();
  }

  /** {@code 0:09}, {@code 12:30}, {@code 1:02:03}. */
  private static String clock(Duration duration) {
    long hours = duration.toHours();
    return hours == 0
        ? String.format(Locale.ROOT, "%d:%02d", duration.toMinutes(), duration.toSecondsPart())
        : String.format(
            Locale.ROOT, "%d:%02d:%02d", hours, duration.toMinutesPart(), duration.toSecondsPart());
  }

  private static int terminalWidth() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(Path.of("/dev/tty").toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try (InputStream output = stty.getInputStream()) {
        String[] size =
            new String(output.readAllBytes(), StandardCharsets.US_ASCII).strip().split(" ", -1);
        return size.length == 2 ? Integer.parseInt(size[1]) : DEFAULT_WIDTH;
      }
    } catch (IOException | NumberFormatException e) {
      return DEFAULT_WIDTH;
    }
  }

  @Override
  public synchronized void close() {
    if (ticker != null) {
      ticker.interrupt();
      ticker = null;
    }
    if (terminal) {
      console.status("");
    }
  }

  private final class Running implements Task {
    private final String what;
    private final long expectedBytes;
    private final long startedAt;
    private final AtomicLong bytes = new AtomicLong();

    private Running(String what, long expectedBytes, long startedAt) {
      this.what = what;
      this.expectedBytes = expectedBytes;
      this.startedAt = startedAt;
    }

    @Override
    public void advance(long more) {
      bytes.addAndGet(more);
    }

    @Override
    public void close() {
      synchronized (ConsoleProgress.this) {
        running.remove(this);
        if (terminal && running.isEmpty()) {
          console.status("");
        }
      }
    }
  }
}
