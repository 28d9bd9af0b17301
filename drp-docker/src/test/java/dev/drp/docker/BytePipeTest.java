package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BytePipeTest {
  private static final int CAPACITY = 1 << 16;

  private final BytePipe pipe = new BytePipe(CAPACITY);

  @Test
  void handsOverEveryByteInOrder() throws Exception {
    byte[] sent = random(3 << 20);
    CompletableFuture<Void> writer =
        inBackground(
            () -> {
              Random sizes = new Random(1);
              for (int at = 0, count; at < sent.length; at += count) {
                count = Math.min(sent.length - at, 1 + sizes.nextInt(2 * CAPACITY));
                pipe.write(sent, at, count);
              }
              pipe.end();
            });

    assertThat(pipe.readAllBytes()).isEqualTo(sent);
    writer.get(10, TimeUnit.SECONDS);
  }

  @Test
  void aStreamsReaderGetsWhatThereIsWhenNoMoreComes() throws Exception {
    stream();
    pipe.write(random(10), 0, 10);

    assertThat(pipe.read(new byte[CAPACITY], 0, CAPACITY)).isEqualTo(10);
  }

  @Test
  void aStreamsReaderNoticesTheEnd() throws Exception {
    stream();
    pipe.end();

    assertThat(pipe.read()).isEqualTo(-1);
  }

  @Test
  void aReaderThatWasInterruptedInAStreamMayGoOn() throws Exception {
    stream();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> pipe.read(new byte[CAPACITY], 0, CAPACITY))
        .isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();

    CompletableFuture<Integer> reader = new CompletableFuture<>();
    Thread thread = new Thread(() -> reader.complete(read(CAPACITY)));
    thread.start();
    while (thread.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    pipe.write(random(1), 0, 1);

    assertThat(reader.get(10, TimeUnit.SECONDS)).isEqualTo(1);
  }

  /** So much that what follows counts as a stream. */
  private void stream() throws Exception {
    byte[] piece = random(CAPACITY);
    for (int i = 0; i < 32; i++) {
      pipe.write(piece, 0, piece.length);
      assertThat(pipe.readNBytes(piece.length)).isEqualTo(piece);
    }
  }

  private int read(int most) {
    try {
      return pipe.read(new byte[most], 0, most);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private static CompletableFuture<Void> inBackground(Task task) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    new Thread(
            () -> {
              try {
                task.run();
                done.complete(null);
              } catch (InterruptedException | RuntimeException e) {
                done.completeExceptionally(e);
              }
            })
        .start();
    return done;
  }

  private interface Task {
    void run() throws InterruptedException;
  }
}
