package dev.drp.runtime;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.List;
import java.util.Set;

/**
 * Programs that can connect their standard input and output with a TCP port of the loopback
 * address, best first. Each ends as soon as either side has ended.
 */
enum Relay {
  SOCAT("socat") {
    @Override
    List<String> arguments(int port) {
      return List.of("socat", "-b65536", "-t0.2", "STDIO", "TCP4:127.0.0.1:" + port + ",nodelay");
    }
  },
  PERL("perl") {
    @Override
    List<String> arguments(int port) {
      return List.of("perl", "-e", PERL_PROGRAM, Integer.toString(port));
    }
  },
  PYTHON3("python3") {
    @Override
    List<String> arguments(int port) {
      return List.of("python3", "-c", PYTHON_PROGRAM, Integer.toString(port));
    }
  },
  BASH("bash") {
    @Override
    List<String> arguments(int port) {
      return List.of("bash", "-c", BASH_PROGRAM, "bash", Integer.toString(port));
    }
  },
  BUSYBOX("busybox") {
    @Override
    List<String> arguments(int port) {
      return List.of("busybox", "nc", "127.0.0.1", Integer.toString(port));
    }
  };

  /** The child copies from the port, the parent to it; whoever ends first ends the other. */
  private static final String PERL_PROGRAM =
      """
      use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
      socket(my $port, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
      connect($port, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die "connect: $!";
      setsockopt($port, IPPROTO_TCP, TCP_NODELAY, 1);
      sub relay {
        my ($from, $to) = @_;
        while (sysread($from, my $bytes, 65536)) {
          for (my $sent = 0; $sent < length $bytes;) {
            $sent += syswrite($to, $bytes, length($bytes) - $sent, $sent) // return;
          }
        }
      }
      my $parent = $$;
      my $child = fork() // die "fork: $!";
      if ($child == 0) { relay($port, *STDOUT); kill 'TERM', $parent; exit; }
      relay(*STDIN, $port);
      kill 'TERM', $child;
      """;

  private static final String PYTHON_PROGRAM =
      """
      import os, socket, sys, threading
      port = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
      port.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
      def relay(read, write):
          try:
              while bytes := read(65536):
                  while bytes:
                      bytes = bytes[write(bytes):]
          finally:
              os._exit(0)
      down = (port.recv, lambda bytes: os.write(1, bytes))
      threading.Thread(target=relay, args=down, daemon=True).start()
      relay(lambda size: os.read(0, size), port.send)
      """;

  /** Background programs get no standard input unless it has another number. */
  private static final String BASH_PROGRAM =
      """
      exec 3<>"/dev/tcp/127.0.0.1/$1" 4<&0 || exit 1
      cat <&3 & down=$!
      cat <&4 >&3 & up=$!
      wait -n
      kill "$down" "$up" 2>/dev/null
      """;

  private final String program;

  Relay(String program) {
    this.program = program;
  }

  /** The command that relays to that port. */
  abstract List<String> arguments(int port);

  /** The best one that is there. COMMAND_NOT_FOUND when none is. */
  static Relay find(CommandRunner runner) {
    Set<String> there =
        Set.of(
            runner
                .run(
                    Command.of(
                        "sh",
                        "-c",
                        "for program; do command -v \"$program\" >&2 && echo \"$program\"; done; :",
                        "sh",
                        SOCAT.program,
                        PERL.program,
                        PYTHON3.program,
                        BASH.program,
                        BUSYBOX.program))
                .split("\n"));
    for (Relay relay : values()) {
      if (there.contains(relay.program)) {
        return relay;
      }
    }
    throw new RecoveryException(
        ErrorCode.COMMAND_NOT_FOUND,
        "%s: cannot reach ports there: none of socat, perl, python3, bash, busybox is there"
            .formatted(runner.place()),
        "install one of them there (Debian: apt-get install socat), or publish the port.");
  }
}
