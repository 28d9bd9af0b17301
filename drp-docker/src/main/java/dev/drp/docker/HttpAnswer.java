package dev.drp.docker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.github.dockerjava.transport.DockerHttpClient;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** An answer of the engine; its body ends where the answer ends, however that is told. */
final class HttpAnswer implements DockerHttpClient.Response {
  private static final int LONGEST_LINE = 64 * 1024;
  private static final int SWITCHING_PROTOCOLS = 101;

  private final int status;
  private final Map<String, List<String>> headers;
  private final InputStream body;
  private final Runnable onClose;

  private HttpAnswer(
      int status, Map<String, List<String>> headers, InputStream body, Runnable onClose) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.onClose = onClose;
  }

  /**
   * Reads status and headers.
   *
   * @param onClose what ends the connection
   */
  static HttpAnswer read(InputStream raw, Runnable onClose) throws IOException {
    InputStream input = new BufferedInputStream(raw);
    String statusLine = readLine(input);
    String[] parts = statusLine.split(" ", 3);
    if (parts.length < 2 || !parts[0].startsWith("HTTP/") || !parts[1].matches("[0-9]{3}")) {
      throw new IOException("not an HTTP answer: " + statusLine);
    }
    int status = Integer.parseInt(parts[1]);
    Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (String line = readLine(input); !line.isEmpty(); line = readLine(input)) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        throw new IOException("not an HTTP header: " + line);
      }
      headers
          .computeIfAbsent(line.substring(0, colon).strip(), name -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    // docker-java takes 101, the engine's consent to a stream, for an error.
    int reported = status == SWITCHING_PROTOCOLS ? 200 : status;
    return new HttpAnswer(reported, headers, body(status, headers, input), onClose);
  }

  @Override
  public int getStatusCode() {
    return status;
  }

  @Override
  public Map<String, List<String>> getHeaders() {
    return headers;
  }

  @Override
  public InputStream getBody() {
    return body;
  }

  @Override
  public void close() {
    onClose.run();
  }

  private static InputStream body(int status, Map<String, List<String>> headers, InputStream input)
      throws IOException {
    if (status == SWITCHING_PROTOCOLS) {
      return input;
    }
    if (status == 204 || status == 304) {
      return InputStream.nullInputStream();
    }
    String coding = String.join(",", headers.getOrDefault("Transfer-Encoding", List.of()));
    if (coding.toLowerCase(Locale.ROOT).contains("chunked")) {
      return new Chunked(input);
    }
    List<String> length = headers.get("Content-Length");
    if (length == null) {
      return input;
    }
    if (!length.get(0).matches("[0-9]{1,18}")) {
      throw new IOException("not a length: " + length);
    }
    return new Limited(input, Long.parseLong(length.get(0)));
  }

  private static String readLine(InputStream input) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(80);
    for (int next = input.read(); next != '\n'; next = input.read()) {
      if (next < 0) {
        throw new EOFException("the engine hung up");
      }
      if (line.size() == LONGEST_LINE) {
        throw new IOException("a line of the engine's answer does not end");
      }
      line.write(next);
    }
    return line.toString(ISO_8859_1).stripTrailing();
  }

  /** A known number of bytes; fewer are an error. */
  private static class Limited extends FilterInputStream {
    private long left;

    Limited(InputStream input, long length) {
      super(input);
      left = length;
    }

    /** Goes on with that many bytes more. */
    void extend(long length) {
      left = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int count = in.read(bytes, offset, (int) Math.min(length, left));
      if (count < 0) {
        throw new EOFException("the engine hung up, %d bytes before the end".formatted(left));
      }
      left -= count;
      return count;
    }
  }

  /** Pieces that each tell their length; an empty one is the last. */
  private static final class Chunked extends Limited {
    private boolean first = true;
    private boolean ended;

    Chunked(InputStream input) {
      super(input, 0);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = super.read(bytes, offset, length);
      if (count >= 0 || ended) {
        return count;
      }
      if (!first) {
        readLine(in);
      }
      first = false;
      String size = readLine(in).replaceFirst(";.*", "").strip();
      if (!size.matches("[0-9a-fA-F]{1,15}")) {
        throw new IOException("not the length of a chunk: " + size);
      }
      extend(Long.parseLong(size, 16));
      ended = size.matches("0+");
      return ended ? -1 : super.read(bytes, offset, length);
    }
  }
}
