package dev.drp.docker;

import dev.drp.runtime.Command;
import dev.drp.runtime.CommandResult;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/**
 * Connects to the engine of any place where programs can be run, by {@code docker system
 * dial-stdio}: the place needs nothing but Docker. Each connection is a program there.
 */
final class ProgramOpener implements StreamOpener {
  /** Limits belong to requests; a stream may live as long as a backup takes. */
  private static final Duration LONGEST_STREAM = Duration.ofDays(30);

  private static final Command DIAL =
      Command.of("docker", "system", "dial-stdio").within(LONGEST_STREAM);

  private final CommandRunner commands;

  ProgramOpener(CommandRunner commands) {
    this.commands = commands;
  }

  @Override
  public DuplexStream open(Duration limit) {
    return new Connection(commands.start(DIAL));
  }

  @Override
  public String target() {
    return "the docker of " + commands.place();
  }

  private record Connection(RunningCommand running) implements DuplexStream {
    @Override
    public InputStream input() {
      return new FirstWords(running);
    }

    @Override
    public OutputStream output() {
      return new FilterOutputStream(running.stdin()) {
        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          out.write(bytes, offset, length);
          out.flush();
        }
      };
    }

    @Override
    public void close() {
      running.close();
    }
  }

  /** When nothing at all comes, the program says why. */
  private static final class FirstWords extends FilterInputStream {
    private final RunningCommand running;
    private boolean silent = true;

    FirstWords(RunningCommand running) {
      super(running.stdout());
      this.running = running;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = in.read(bytes, offset, length);
      if (count < 0 && silent) {
        CommandResult result = running.await();
        if (!result.succeeded()) {
          throw new IOException(result.errorOutput().strip());
        }
      }
      silent &= count <= 0;
      return count;
    }
  }
}
