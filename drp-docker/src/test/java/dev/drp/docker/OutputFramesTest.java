package dev.drp.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OutputFramesTest {
  private final ByteArrayOutputStream frames = new ByteArrayOutputStream();
  private final ByteArrayOutputStream standardOutput = new ByteArrayOutputStream();
  private final ByteArrayOutputStream standardError = new ByteArrayOutputStream();

  @Test
  void separatesTheTwoStreamsHoweverTheirBytesArrive() throws Exception {
    byte[] large = new byte[700_000];
    new Random(7).nextBytes(large);
    frame(1, "out ".getBytes(UTF_8));
    frame(2, "error".getBytes(UTF_8));
    frame(1, new byte[0]);
    frame(1, large);
    frame(2, " text".getBytes(UTF_8));

    read(inPiecesOf(7777, frames.toByteArray()));

    assertThat(standardError.toString(UTF_8)).isEqualTo("error text");
    assertThat(standardOutput.toByteArray()).startsWith("out ".getBytes(UTF_8)).endsWith(large);
    assertThat(standardOutput.size()).isEqualTo(4 + large.length);
  }

  @Test
  void reportsAStreamThatEndsInsideOfAFrame() throws IOException {
    frame(1, "whole".getBytes(UTF_8));
    int whole = frames.size();
    frame(1, "cut".getBytes(UTF_8));
    byte[] all = frames.toByteArray();

    for (int length = whole + 1; length < all.length; length++) {
      InputStream cut = new ByteArrayInputStream(all, 0, length);
      assertThatThrownBy(() -> read(cut)).isInstanceOf(EOFException.class);
    }
  }

  private void read(InputStream input) throws IOException, InterruptedException {
    OutputFrames.readAll(input, standardOutput::write, standardError::write);
  }

  private void frame(int stream, byte[] bytes) {
    frames.writeBytes(new byte[] {(byte) stream, 0, 0, 0});
    for (int shift = 24; shift >= 0; shift -= 8) {
      frames.write(bytes.length >>> shift);
    }
    frames.writeBytes(bytes);
  }

  private static InputStream inPiecesOf(int size, byte[] bytes) {
    return new FilterInputStream(new ByteArrayInputStream(bytes)) {
      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        return super.read(target, offset, Math.min(size, length));
      }
    };
  }
}
