package dev.drp.transfer.sync;

import dev.drp.Progress;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.Pace;
import dev.drp.runtime.RunningCommand;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads files with the tar of the source, and writes them with the tar of the target. */
final class TarCarrier {
  /** Takes names from its input, each ended by a zero byte. */
  static final String READ =
      """
      LC_ALL=C; export LC_ALL
      cd "$1" && exec tar --create --file=- --format=posix --pax-option=delete=atime,delete=ctime \
        --numeric-owner --sparse --no-recursion --null --verbatim-files-from --files-from=-
      """;

  /** Folders get their modes at the end: nothing could be written into some of them. */
  static final String WRITE =
      """
      LC_ALL=C; export LC_ALL
      cd "$1" && exec tar --extract --file=- --preserve-permissions --numeric-owner \
        --delay-directory-restore
      """;

  /** No piece is larger, so that the line is never taken for long. */
  private static final int PIECE = 1 << 15;

  private final RunningCommand reader;
  private final OutputStream writer;
  private final OptionalLong bytesPerSecond;

  /**
   * @param reader {@link #READ} at the source; closed by the caller
   * @param writer the input of {@link #WRITE} at the target
   */
  TarCarrier(RunningCommand reader, OutputStream writer, OptionalLong bytesPerSecond) {
    this.reader = reader;
    this.writer = writer;
    this.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Sends these; what the source cannot read is left out.
   *
   * @param end waits until the target has written all, or tells how it failed
   * @return how the target failed, if it did
   */
  Optional<CommandResult> send(
      SortedMap<String, Entry> entries, Progress.Task task, Supplier<Optional<CommandResult>> end) {
    Thread names = new Thread(() -> ask(entries), "names for tar");
    names.setDaemon(true);
    names.start();
    Sink sink = new Sink(writer, task);
    try {
      new TarFilter(entries, reader.stdout(), sink).run();
      sink.close();
    } catch (IOException e) {
      SyncRun.requireUninterrupted(e);
      if (!sink.failed) {
        reader.await(); // which says so if the connection broke
        throw SyncRun.broken("files were read", e);
      }
      reader.close(); // what nobody reads any more would never end
    }
    Optional<CommandResult> failed = end.get();
    if (failed.isEmpty()) {
      reader.await(); // 1, 2: not all could be read; comparing shows what
    }
    return failed;
  }

  private void ask(SortedMap<String, Entry> entries) {
    try {
      reader.stdin().write(SyncRun.list(entries.keySet()));
      reader.stdin().close();
    } catch (IOException ended) {
      // the program has ended, and what it wrote is cut
    }
  }

  /** The target's input, at no more than the pace; knows whether it was the target that failed. */
  private final class Sink extends FilterOutputStream {
    private final Progress.Task task;
    private final @Nullable Pace pace;
    private boolean failed;

    Sink(OutputStream output, Progress.Task task) {
      super(output);
      this.task = task;
      this.pace = bytesPerSecond.isPresent() ? new Pace(bytesPerSecond.getAsLong()) : null;
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      for (int from = 0; from < length; from += PIECE) {
        int piece = Math.min(PIECE, length - from);
        if (pace != null) {
          pace.awaitTurn(piece);
        }
        failed = true;
        out.write(data, offset + from, piece);
        failed = false;
        task.advance(piece);
      }
    }

    @Override
    public void close() throws IOException {
      failed = true;
      out.close();
      failed = false;
    }
  }
}
