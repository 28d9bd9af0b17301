package dev.drp.postgres;

import dev.drp.runtime.ByteStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.SocketFactory;

/**
 * Gives the JDBC driver its sockets where a server is not reached over plain TCP. The driver makes
 * the factory itself, from its class name and one text: the key under which the way is known here.
 */
public final class RouteSocketFactory extends SocketFactory {
  private static final Map<String, Supplier<ByteStream>> ROUTES = new ConcurrentHashMap<>();

  private final Supplier<ByteStream> opener;

  /** For the driver only. */
  public RouteSocketFactory(String key) {
    Supplier<ByteStream> known = ROUTES.get(key);
    if (known == null) {
      throw new IllegalStateException("the server has been closed");
    }
    opener = known;
  }

  /** Makes a way known and returns its key. */
  static String register(Supplier<ByteStream> opener) {
    String key = UUID.randomUUID().toString();
    ROUTES.put(key, opener);
    return key;
  }

  static void forget(String key) {
    ROUTES.remove(key);
  }

  @Override
  public Socket createSocket() throws IOException {
    return new StreamSocket(opener);
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
    throw new UnsupportedOperationException();
  }
}
