package dev.drp.postgres;

import dev.drp.runtime.Tunnel;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;

/** How a server is reached. */
sealed interface Route {
  int port();

  /** What the client programs, which run beside the server or on this machine, take as host. */
  String host();

  /** Whether server and client programs share a machine, so that nothing between them listens. */
  boolean local();

  /** Over TCP. */
  record Tcp(String host, int port) implements Route {
    @Override
    public boolean local() {
      try {
        return InetAddress.getByName(host).isLoopbackAddress();
      } catch (UnknownHostException e) {
        return false;
      }
    }
  }

  /** Through the unix socket in a folder. */
  record UnixSocket(Path folder, int port) implements Route {
    @Override
    public String host() {
      return folder.toString();
    }

    @Override
    public boolean local() {
      return true;
    }

    Path socket() {
      return folder.resolve(".s.PGSQL." + port);
    }
  }

  /** Through a tunnel into the container where the client programs run, too. */
  record Tunnelled(Tunnel tunnel, int port) implements Route {
    @Override
    public String host() {
      return "127.0.0.1";
    }

    @Override
    public boolean local() {
      return true;
    }
  }
}
