package dev.drp.caddy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** What somebody gets who opens a site on this machine. */
public final class Visit {
  private Visit() {}

  /** Status and text; empty if nobody answers. */
  public static String of(String host, int port, String path) {
    String answer = raw(host, port, path);
    if (answer.isEmpty()) {
      return "";
    }
    int body = answer.indexOf("\r\n\r\n");
    return answer.substring(9, 12) + " " + answer.substring(body + 4);
  }

  /** With all headers. */
  static String raw(String host, int port, String path) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(120_000);
      socket
          .getOutputStream()
          .write(
              "GET %s HTTP/1.0\r\nHost: %s:%d\r\n\r\n"
                  .formatted(path, host, port)
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
