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

  // The first process of a database's container is the database server itself. It takes every
  // orphan that a signal ends for one of its own processes that crashed, and restarts in the middle
  // of production. So a relay is one process, or waits for all that it started.

  private static final String PERL_PROGRAM =
      """
      use Errno qw(EAGAIN EINTR);
      use Fcntl;
      use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);
      socket(my $port, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
      connect($port, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die "connect: $!";
      setsockopt($port, IPPROTO_TCP, TCP_NODELAY, 1);
      $SIG{PIPE} = 'IGNORE';
      fcntl($_, F_SETFL, O_NONBLOCK) for *STDIN, *STDOUT, $port;
      sub later { $! == EAGAIN || $! == EINTR }
      my @ways = ([*STDIN, $port, ''], [$port, *STDOUT, '']);
      while (1) {
        my ($readable, $writable) = ('', '');
        for my $way (@ways) {
          if (length $way->[2]) { vec($writable, fileno $way->[1], 1) = 1 }
          else { vec($readable, fileno $way->[0], 1) = 1 }
        }
        next if select($readable, $writable, undef, undef) < 0;
        for my $way (@ways) {
          my ($from, $to) = @$way;
          if (!length $way->[2] && vec($readable, fileno $from, 1)) {
            my $count = sysread($from, $way->[2], 65536);
            exit if defined $count ? $count == 0 : !later;
          }
          if (length $way->[2]) {
            my $count = syswrite($to, $way->[2]);
            if (defined $count) { substr($way->[2], 0, $count, '') } else { exit unless later }
          }
        }
      }
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

  /**
   * Each side tells over a pipe who its cat is and when it has ended, as bash's {@code wait -n} now
   * and then misses a program that has ended already. Background programs get no standard input
   * unless it has another number.
   */
  private static final String BASH_PROGRAM =
      """
      exec 3<>"/dev/tcp/127.0.0.1/$1" 4<&0 5>&1 6<> <(:) || exit 1
      side() { cat <&"$1" >&"$2" & echo "$!" >&6; wait "$!"; echo ended >&6; }
      side 3 5 & side 4 3 &
      cats=() over=
      until [ "${#cats[@]}" = 2 ] && [ "$over" ]; do
        read -r line <&6
        if [ "$line" = ended ]; then over=1; else cats+=("$line"); fi
      done
      kill "${cats[@]}" 2>/dev/null
      wait
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
