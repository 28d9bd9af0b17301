package dev.drp.caddy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Stands between us and Caddy's admin API, as a tunnel does, and fails when the test wants it. */
final class AdminRelay implements AutoCloseable {
  private static final Pattern LENGTH = Pattern.compile("(?i)\r\n(?:content-length): (\\d+)\r\n");

  private final ServerSocket server;
  private final int adminPort;
  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile String trigger = "";
  private volatile Runnable fault = () -> {};
  private volatile boolean afterwards;
  private volatile boolean pretending;

  AdminRelay(int adminPort) {
    this.adminPort = adminPort;
    try {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    daemon(this::accept);
  }

  URI admin() {
    return URI.create("http://127.0.0.1:" + server.getLocalPort());
  }

  /** Each such request gets no answer, ever. */
  AdminRelay stallsBefore(String request) {
    trigger = request;
    return this;
  }

  /** The connection ends in place of such a request, after something else has happened. */
  AdminRelay failsBefore(String request, Runnable what) {
    trigger = request;
    fault = what;
    ended.countDown();
    return this;
  }

  /** Such a request is done, and its answer is lost. */
  AdminRelay losesTheAnswerTo(String request) {
    afterwards = true;
    return failsBefore(request, () -> {});
  }

  /** Such a request is answered as if it were done, and is not: Caddy stays as it was. */
  AdminRelay pretendsToDo(String request) {
    trigger = request;
    pretending = true;
    return this;
  }

  void awaitTrigger() throws InterruptedException {
    if (!reached.await(2, TimeUnit.MINUTES)) {
      throw new AssertionError("nobody asked for " + trigger);
    }
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        daemon(() -> serve(client));
      }
    } catch (IOException closed) {
      // the test is over
    }
  }

  /** Requests of one connection, one after the other. */
  private void serve(Socket client) {
    try (client;
        Socket caddy = new Socket(InetAddress.getLoopbackAddress(), adminPort)) {
      daemon(() -> copy(caddy, client));
      InputStream in = client.getInputStream();
      while (true) {
        byte[] request = request(in);
        boolean triggered = !trigger.isEmpty() && line(request).startsWith(trigger);
        if (triggered && pretending) {
          send(
              client,
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
          continue;
        }
        if (triggered) {
          if (afterwards) {
            exchangeAlone(request);
          }
          fault.run();
          reached.countDown();
          ended.await();
          return;
        }
        send(caddy, request);
      }
    } catch (IOException | InterruptedException over) {
      // one side has gone
    }
  }

  /** The request line as a server sees it, whether we speak to one or to a proxy. */
  private static String line(byte[] request) {
    return new String(request, StandardCharsets.UTF_8)
        .lines()
        .findFirst()
        .orElse("")
        .replaceFirst(" http://[^/]+/", " /");
  }

  private static void send(Socket to, byte[] bytes) throws IOException {
    to.getOutputStream().write(bytes);
    to.getOutputStream().flush();
  }

  private void exchangeAlone(byte[] request) throws IOException {
    String once =
        new String(request, StandardCharsets.UTF_8)
            .replaceFirst("\r\n", "\r\nConnection: close\r\n");
    try (Socket caddy = new Socket(InetAddress.getLoopbackAddress(), adminPort)) {
      send(caddy, once.getBytes(StandardCharsets.UTF_8));
      caddy.getInputStream().transferTo(OutputStream.nullOutputStream());
    }
  }

  private static byte[] request(InputStream in) throws IOException {
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    while (!request.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the client has gone");
      }
      request.write(next);
    }
    Matcher length = LENGTH.matcher(request.toString(StandardCharsets.ISO_8859_1));
    if (length.find()) {
      request.write(in.readNBytes(Integer.parseInt(length.group(1))));
    }
    return request.toByteArray();
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException over) {
      // one side has gone
    }
  }

  private static void daemon(Runnable work) {
    Thread thread = new Thread(work, "admin relay");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
