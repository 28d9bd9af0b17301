package dev.drp.postgres;

import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.database.Lsn;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Follows how far a server that recovers has come, by its log: it answers no questions yet. */
final class ReplayProgress implements AutoCloseable {
  private static final Pattern POSITION =
      Pattern.compile("(?:redo starts at|current LSN:|redo done at) ([0-9A-F]{1,8}/[0-9A-F]{1,8})");

  private final Supplier<List<String>> log;
  private final Progress.Task task;
  private final CountDownLatch ended = new CountDownLatch(1);
  private @Nullable Lsn reached;

  ReplayProgress(Supplier<List<String>> log, Progress progress) {
    this.log = log;
    this.task = progress.start("replay of the write-ahead log", 0);
    Thread thread = new Thread(this::follow, "progress of a replay");
    thread.setDaemon(true);
    thread.start();
  }

  private void follow() {
    try {
      while (!ended.await(1, TimeUnit.SECONDS)) {
        look();
      }
    } catch (InterruptedException | RecoveryException e) {
      // Whoever waits for the server learns why it cannot be looked at.
    }
  }

  private synchronized void look() {
    for (String line : log.get()) {
      Matcher position = POSITION.matcher(line);
      if (position.find()) {
        Lsn at = Lsn.parse(position.group(1));
        if (reached == null) {
          reached = at;
        } else if (reached.isBefore(at)) {
          task.advance(at.minus(reached));
          reached = at;
        }
      }
    }
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      look();
    } catch (RecoveryException e) {
      // It has gone with its log.
    }
    task.close();
  }
}
