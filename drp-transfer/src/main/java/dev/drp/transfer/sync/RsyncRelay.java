package dev.drp.transfer.sync;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.runtime.CommandResult;
import dev.drp.runtime.RunningCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * The line between the rsync here and the one over there, which is a channel of our connection. The
 * one here is given a remote shell that only passes on: to and from pipes that it inherits, so
 * there is no name that others could find, and no end that outlives this process. For one thread.
 */
final class RsyncRelay {
  /**
   * Starts rsync with the arguments after the first one, which names a file of names, removed once
   * it is open. Whatever rsync starts has our end of the line as 3 and 4.
   */
  static final String START =
      """
      exec 3<&0 4>&1 <"$1" >&2
      rm -f -- "$1"
      shift
      exec rsync "$@"
      """;

  /**
   * What rsync runs as its remote shell, with the host and then the command, as ssh gets it: parts
   * that a shell there reads as one line. It ends when the other side has, as rsync waits for that;
   * what it started for the way up ends with rsync. Without single quotes, which rsync takes away.
   */
  static final String SHELL =
      "sh -c '"
          + "shift; printf \"%s\\0\" \"$*\" >&4; "
          + "exec 5<&0; cat <&5 >&4 3<&- 4>&- 5<&- & "
          + "exec cat <&3 3<&- 4>&- 5<&-"
          + "' relay";

  /** What a pipe holds. */
  private static final int PIECE = 1 << 16;

  /** How many pieces are read ahead. */
  private static final int AHEAD = 16;

  private final RunningCommand here;
  private final Function<String, RunningCommand> starting;

  /** What rsync here has said and the other side has not got yet. */
  private final BlockingQueue<Piece> said = new ArrayBlockingQueue<>(AHEAD);

  /** Buffers whose content was sent: a gigabyte needs no more than are on their way. */
  private final Queue<Piece> spare = new ConcurrentLinkedQueue<>();

  /** Which side ended before the other, once one has. */
  private final AtomicBoolean ended = new AtomicBoolean();

  /**
   * @param here {@link #START}; closed by the caller
   * @param starting starts a command over there
   */
  RsyncRelay(RunningCommand here, Function<String, RunningCommand> starting) {
    this.here = here;
    this.starting = starting;
  }

  /**
   * How the two ended: the one here, and the other one unless it was ended for the first's sake.
   */
  record Outcome(CommandResult here, Optional<CommandResult> there) {}

  /**
   * Carries until both have ended. Of a connection that broke, rsync here learns before this throws
   * HOST_UNAVAILABLE: so it keeps what it has of a file.
   */
  Outcome run() {
    String command = command();
    if (command.isEmpty()) {
      return new Outcome(here.await(), Optional.empty());
    }
    try (RunningCommand there = starting.apply(command)) {
      start("what rsync says", this::listen);
      start("rsync to the other side", () -> up(there));
      boolean thereFirst = down(there);
      CommandResult resultHere = here.await();
      return new Outcome(resultHere, thereFirst ? Optional.of(there.await()) : Optional.empty());
    }
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** What is to be run over there; empty if rsync ended before it said so. */
  private String command() {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    try {
      int next = here.stdout().read();
      for (; next > 0; next = here.stdout().read()) {
        line.write(next);
      }
      return next < 0 ? "" : line.toString(UTF_8);
    } catch (IOException e) {
      throw SyncRun.broken("rsync was started", e);
    }
  }

  /** Reads ahead, so that rsync goes on while a piece is encrypted: a pipe holds little. */
  private void listen() {
    try {
      Piece piece = new Piece();
      try (InputStream from = here.stdout()) {
        while (piece.read(from)) {
          said.put(piece);
          Piece sent = spare.poll();
          piece = sent != null ? sent : new Piece();
        }
      } catch (IOException e) {
        piece.length = -1; // it was closed here
      }
      said.put(piece);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does that
    }
  }

  /** What was read at once; the last one says so. */
  private static final class Piece {
    private final byte[] bytes = new byte[PIECE];
    private int length;

    /** Returns whether there was anything. */
    boolean read(InputStream from) throws IOException {
      length = from.read(bytes);
      return length >= 0;
    }

    boolean isLast() {
      return length < 0;
    }
  }

  private void up(RunningCommand there) {
    try {
      boolean taken = true;
      for (Piece piece = said.take(); !piece.isLast(); piece = said.take()) {
        if (taken && !write(piece.bytes, piece.length, there.stdin())) {
          taken = false; // the rest is read until rsync has noticed
          there.close(); // it has ended, or waits for what will not come
        }
        spare.add(piece);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does that
    }
    if (ended.compareAndSet(false, true)) {
      there.close(); // as rsync here has not waited for its end, something is wrong here
    }
  }

  /** Returns whether it was the other side that ended first. */
  private boolean down(RunningCommand there) {
    boolean taken = true;
    byte[] piece = new byte[PIECE];
    try {
      InputStream from = there.stdout();
      int count = from.read(piece);
      while (taken && count >= 0) {
        taken = write(piece, count, here.stdin());
        count = taken ? from.read(piece) : 0;
      }
    } catch (IOException e) {
      SyncRun.requireUninterrupted(e); // else the connection broke
    }
    boolean first = ended.compareAndSet(false, true);
    if (!taken && first) {
      there.close();
    }
    try {
      here.stdin().close();
    } catch (IOException e) {
      // it has ended
    }
    return taken && first;
  }

  /** Returns whether it was taken. */
  private static boolean write(byte[] piece, int length, OutputStream to) {
    try {
      to.write(piece, 0, length);
      to.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
