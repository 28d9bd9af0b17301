package dev.drp.caddy;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A real Caddy on this machine, which serves on 127.0.0.1 only and has its data in a folder of the
 * test. Killed as by a power cut, and started again by its own script.
 */
public final class CaddyProcess implements AutoCloseable {
  private static final Duration LONGEST_START = Duration.ofMinutes(2);

  private final Path folder;
  private final int adminPort = freePort();
  private final int httpPort = freePort();
  private final int httpsPort = freePort();

  /**
   * Nothing is started yet.
   *
   * @param folder for all of its files
   */
  public CaddyProcess(Path folder) {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "caddy"))),
        "there is no caddy here");
    this.folder = folder;
    try {
      Files.createDirectories(folder.resolve("etc"));
      script(
          "start.sh",
          """
          cd / && XDG_DATA_HOME=%1$s/data XDG_CONFIG_HOME=%1$s/config HOME=%1$s \\
            setsid caddy run --config %1$s/etc/Caddyfile --adapter caddyfile --pidfile %1$s/pid \\
            </dev/null >>%1$s/log 2>&1 &
          """
              .formatted(folder));
      script(
          "restart.sh",
          """
          echo restarted >>%1$s/restarts
          pid=$(cat %1$s/pid) && kill -9 "$pid"
          while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.*Z' /proc/$pid/status; do sleep 0.1; done
          rm -f %1$s/pid
          exec sh %1$s/start.sh
          """
              .formatted(folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void script(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  public Path caddyfile() {
    return folder.resolve("etc/Caddyfile");
  }

  public URI admin() {
    return URI.create("http://127.0.0.1:" + adminPort);
  }

  public int adminPort() {
    return adminPort;
  }

  public int httpPort() {
    return httpPort;
  }

  public int httpsPort() {
    return httpsPort;
  }

  public String[] restartCommand() {
    return new String[] {"sh", folder.resolve("restart.sh").toString()};
  }

  /** How often the command was run. */
  public long restarts() {
    try {
      Path restarts = folder.resolve("restarts");
      return Files.exists(restarts) ? Files.readAllLines(restarts).size() : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the Caddyfile: these sites, behind global options that keep Caddy to itself. */
  public void configure(String sites) {
    try {
      Files.writeString(
          caddyfile(),
          """
          {
          \tadmin 127.0.0.1:%d
          \thttp_port %d
          \thttps_port %d
          \tauto_https disable_redirects
          \tskip_install_trust
          \tlocal_certs
          \tgrace_period 1s
          }
          %s\
          """
              .formatted(adminPort, httpPort, httpsPort, sites));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts it and waits until it serves. */
  public void start() {
    run("start.sh");
    await(this::isUp, "Caddy does not start");
  }

  private boolean isUp() {
    // It listens here first, but gives its configuration only once all of it is there.
    return pid().isPresent() && Visit.of("127.0.0.1", adminPort, "/config/").contains("\"apps\"");
  }

  /** A process that was killed has closed its ports before anybody is told that it has ended. */
  private boolean listens() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), adminPort)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** As a power cut would. */
  public void kill() {
    pid().flatMap(ProcessHandle::of).ifPresent(ProcessHandle::destroyForcibly);
    await(() -> !listens(), "Caddy does not end");
    try {
      Files.deleteIfExists(folder.resolve("pid"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Optional<Long> pid() {
    try {
      String text = Files.readString(folder.resolve("pid")).strip();
      return text.isEmpty() ? Optional.empty() : Optional.of(Long.parseLong(text));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void run(String script) {
    try {
      List<String> command = new ArrayList<>(List.of("sh", folder.resolve(script).toString()));
      int exitCode =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (exitCode != 0) {
        throw new AssertionError(script + " ended with " + exitCode);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  private void await(BooleanSupplier condition, String otherwise) {
    long deadline = System.nanoTime() + LONGEST_START.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(otherwise + ": " + log());
      }
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted", e);
      }
    }
  }

  /** What it has written to its log. */
  public String log() {
    try {
      return Files.readString(folder.resolve("log"));
    } catch (IOException e) {
      return "no log: " + e;
    }
  }

  /** A folder that the account of a test's Caddy could read. */
  static boolean isReadableByOthers(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).endsWith("r--");
  }

  /** A port of 127.0.0.1 where nobody listens. */
  public static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    kill();
  }
}
