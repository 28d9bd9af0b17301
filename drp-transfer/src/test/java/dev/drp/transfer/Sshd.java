package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A real sshd on this machine, with keys of its own, that gives SFTP and nothing else. Started as a
 * child process; as root, everybody who is allowed can log in, else only this user.
 */
public final class Sshd implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/sbin/sshd");
  private static final Duration LONGEST_START = Duration.ofSeconds(30);

  private final Path folder;
  private final int port;
  private Process process;

  private Sshd(Path folder, int port) throws IOException {
    this.folder = folder;
    this.port = port;
    this.process = launch(folder, port);
  }

  /**
   * Starts one.
   *
   * @param folder for its files; others must be able to reach it if others log in
   */
  public static Sshd start(Path folder) {
    return start(folder, "internal-sftp", "");
  }

  /** One that refuses every change: {@code internal-sftp -R}. */
  public static Sshd startReadOnly(Path folder) {
    return start(folder, "internal-sftp -R", "");
  }

  /**
   * One that runs what it is asked to.
   *
   * @param path where its programs are found
   */
  public static Sshd withPrograms(Path folder, String path) {
    return start(
        folder,
        "echo >> %s; PATH=%s exec /bin/sh -c \"$SSH_ORIGINAL_COMMAND\""
            .formatted(folder.resolve("started"), path),
        "");
  }

  /** How many programs were started so far, of one {@link #withPrograms}. */
  public int started() throws IOException {
    Path lines = folder.resolve("started");
    return Files.exists(lines) ? Files.readAllLines(lines).size() : 0;
  }

  /**
   * @param sftp the command of every session
   * @param settings further lines of its configuration
   */
  static Sshd start(Path folder, String sftp, String settings) {
    return start(folder, sftp, settings, "ed25519");
  }

  /** One whose key and whose client's are of that type. */
  static Sshd withKeys(Path folder, String type) {
    return start(folder, "internal-sftp", "", type);
  }

  private static Sshd start(Path folder, String sftp, String settings, String keyType) {
    assumeTrue(Files.isExecutable(PROGRAM), "there is no " + PROGRAM + " here");
    try {
      keyPair(folder.resolve("host_key"), keyType);
      keyPair(folder.resolve("client_key"), keyType);
      int port = freePort();
      configure(folder, port, sftp, settings);
      Sshd sshd = new Sshd(folder, port);
      sshd.writeKnownHosts(folder.resolve("host_key.pub"));
      return sshd;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Who runs the tests. */
  public static String user() {
    return System.getProperty("user.name");
  }

  static boolean isRoot() {
    return user().equals("root");
  }

  public int port() {
    return port;
  }

  public Path clientKey() {
    return folder.resolve("client_key");
  }

  public Path knownHosts() {
    return folder.resolve("known_hosts");
  }

  /** The file that another sshd is started with to be the same on another machine. */
  public Path configuration() {
    return folder.resolve("sshd_config");
  }

  /** With short limits, as it is near. */
  SshTarget target(Duration answer) {
    return target(user(), answer);
  }

  SshTarget target(String user, Duration answer) {
    return new SshTarget(
        "127.0.0.1",
        port,
        user,
        knownHosts(),
        List.of(clientKey()),
        new SshTarget.Limits(Duration.ofSeconds(20), answer));
  }

  public SshConnections connections() {
    return new SshConnections(target(Duration.ofSeconds(30)));
  }

  private static void configure(Path folder, int port, String sftp, String settings)
      throws IOException {
    Files.writeString(
        folder.resolve("sshd_config"),
        """
        ListenAddress 127.0.0.1
        Port %d
        HostKey %s
        AuthorizedKeysFile %s
        PidFile none
        UsePAM no
        StrictModes no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        PermitRootLogin prohibit-password
        MaxStartups 100
        Subsystem sftp internal-sftp
        ForceCommand %s
        %s
        """
            .formatted(
                port,
                folder.resolve("host_key"),
                folder.resolve("client_key.pub"),
                sftp,
                settings));
  }

  /** Starts it again, with the same keys on the same port. */
  public void start() {
    try {
      process = launch(folder, port);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process launch(Path folder, int port) throws IOException {
    if (isRoot()) {
      Files.createDirectories(Path.of("/run/sshd")); // where sshd gives up its rights
    }
    Process process =
        new ProcessBuilder(
                PROGRAM.toString(), "-D", "-e", "-f", folder.resolve("sshd_config").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
    awaitAnswer(process, folder, port);
    return process;
  }

  /** A changed host key, as after somebody set the machine up anew. */
  public void expectAnotherHostKey() {
    try {
      keyPair(folder.resolve("other_key"), "ed25519");
      writeKnownHosts(folder.resolve("other_key.pub"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends all sessions at once, and leaves the server that takes new ones. */
  public void cutSessions() {
    sessions().forEach(ProcessHandle::destroyForcibly);
  }

  /** Breaks all connections; programs see the end of their input. */
  public void cutConnections() {
    sessions()
        .filter(it -> it.info().command().orElse("").endsWith("/sshd"))
        .forEach(ProcessHandle::destroyForcibly);
  }

  /** All sessions stop to answer, as those of a machine that hangs. */
  public void hang() {
    signal("STOP");
  }

  public void goOn() {
    signal("CONT");
  }

  private void signal(String name) {
    Stream.concat(Stream.of(process.toHandle()), sessions())
        .forEach(it -> run("kill", "-" + name, Long.toString(it.pid())));
  }

  /** Each session's processes. */
  private Stream<ProcessHandle> sessions() {
    return process.descendants();
  }

  /** How many shells it runs. */
  public long shells() {
    return sessions()
        .filter(it -> it.info().command().filter(path -> path.matches(".*/(ba|da)?sh")).isPresent())
        .count();
  }

  /** Ends the server and all its sessions. */
  public void stop() {
    List<ProcessHandle> all = sessions().toList();
    process.destroyForcibly();
    all.forEach(ProcessHandle::destroyForcibly);
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("sshd does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    stop();
  }

  private void writeKnownHosts(Path publicKey) throws IOException {
    Files.writeString(
        knownHosts(), "[127.0.0.1]:%d %s".formatted(port, Files.readString(publicKey)));
  }

  private static void awaitAnswer(Process process, Path folder, int port) throws IOException {
    long deadline = System.nanoTime() + LONGEST_START.toNanos();
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        if (socket.getInputStream().read() >= 0) {
          return;
        }
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new IOException(
              "sshd does not start: " + Files.readString(folder.resolve("log")), e);
        }
        Thread.onSpinWait();
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void keyPair(Path file, String type) throws IOException {
    Files.deleteIfExists(file);
    run("ssh-keygen", "-q", "-t", type, "-N", "", "-f", file.toString());
    Path publicHalf = file.resolveSibling(file.getFileName() + ".pub");
    Files.setPosixFilePermissions(publicHalf, PosixFilePermissions.fromString("rw-r--r--"));
  }

  static void run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + ": " + output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
