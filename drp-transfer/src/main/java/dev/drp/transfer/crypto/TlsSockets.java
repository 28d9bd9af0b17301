package dev.drp.transfer.crypto;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Provider;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * TLS by BoringSSL, with the JDK's rules of whom to trust. The JDK's own is as fast only once its
 * optimising compiler has worked on it: without that it decrypts 30 MB/s.
 *
 * <p>Only sockets over a connected one are made, which are told the server's name. The others
 * {@code HttpsURLConnection} would connect by address, and then neither send the name nor check the
 * certificate for it.
 */
public final class TlsSockets extends SSLSocketFactory {
  private final SSLSocketFactory sockets;

  private TlsSockets(SSLSocketFactory sockets) {
    this.sockets = sockets;
  }

  /** Those that trust whom this JVM trusts; empty where BoringSSL is not. Safe for many threads. */
  public static Optional<SSLSocketFactory> usual() {
    return Usual.SOCKETS;
  }

  /**
   * Those that trust the certificates of a store.
   *
   * @param trusted that of the JVM if null
   */
  public static SSLSocketFactory trusting(Provider boringSsl, @Nullable KeyStore trusted)
      throws GeneralSecurityException {
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    TrustManager[] managers = trust.getTrustManagers();
    SSLContext context = SSLContext.getInstance("TLS", boringSsl);
    context.init(null, managers, null);
    return new TlsSockets(context.getSocketFactory());
  }

  @Override
  public Socket createSocket(Socket connected, String host, int port, boolean autoClose)
      throws IOException {
    return sockets.createSocket(connected, host, port, autoClose);
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw notConnected();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress localHost, int localPort) {
    throw notConnected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) {
    throw notConnected();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) {
    throw notConnected();
  }

  private static UnsupportedOperationException notConnected() {
    return new UnsupportedOperationException("give a socket that is connected");
  }

  @Override
  public String[] getDefaultCipherSuites() {
    return sockets.getDefaultCipherSuites();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return sockets.getSupportedCipherSuites();
  }

  /** Loaded when first asked for. */
  private static final class Usual {
    static final Optional<SSLSocketFactory> SOCKETS = BoringSsl.PROVIDER.map(Usual::sockets);

    private static SSLSocketFactory sockets(Provider boringSsl) {
      try {
        return trusting(boringSsl, null);
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("BoringSSL has no TLS", e);
      }
    }
  }
}
