package dev.drp.docker;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/**
 * The engine's way to send standard output and standard error through one stream: frames of 8 bytes
 * head (1 or 2, three zeros, length) and the bytes. docker-java's own reader cuts them into
 * thousand-byte pieces.
 */
final class OutputFrames {
  private static final int HEAD = 8;
  private static final int BUFFER = 128 * 1024;

  private final InputStream input;
  private final byte[] buffer = new byte[BUFFER];
  private int start;
  private int end;

  private OutputFrames(InputStream input) {
    this.input = input;
  }

  /** Hands on all that comes until the stream ends. Ending inside of a frame is an error. */
  static void readAll(InputStream input, Sink standardOutput, Sink standardError)
      throws IOException, InterruptedException {
    OutputFrames frames = new OutputFrames(input);
    while (frames.hasAtLeast(HEAD)) {
      Sink sink = frames.buffer[frames.start] == 2 ? standardError : standardOutput;
      frames.copy(frames.length(), sink);
    }
    if (frames.start < frames.end) {
      throw new EOFException("the engine hung up in the head of a frame");
    }
  }

  private long length() {
    int at = start + 4;
    start += HEAD;
    return (buffer[at] & 0xffL) << 24
        | (buffer[at + 1] & 0xffL) << 16
        | (buffer[at + 2] & 0xffL) << 8
        | (buffer[at + 3] & 0xffL);
  }

  private void copy(long length, Sink sink) throws IOException, InterruptedException {
    long left = length;
    while (left > 0) {
      if (!hasAtLeast(1)) {
        throw new EOFException("the engine hung up, %d bytes before a frame's end".formatted(left));
      }
      int count = (int) Math.min(left, end - start);
      sink.write(buffer, start, count);
      start += count;
      left -= count;
    }
  }

  private boolean hasAtLeast(int count) throws IOException {
    while (end - start < count) {
      if (start > 0) {
        System.arraycopy(buffer, start, buffer, 0, end - start);
        end -= start;
        start = 0;
      }
      int read = input.read(buffer, end, buffer.length - end);
      if (read < 0) {
        return false;
      }
      end += read;
    }
    return true;
  }

  /** Takes the bytes of one of the two. */
  interface Sink {
    void write(byte[] bytes, int offset, int length) throws InterruptedException;
  }
}
