package dev.drp.transfer.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Provider;
import java.util.Random;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server that speaks the JDK's TLS, for localhost. */
final class TlsSocketsTest {
  private static final Provider BORING_SSL = BoringSsl.PROVIDER.orElseThrow();

  @TempDir static Path folder;
  private static KeyStore ofLocalhost;
  private static KeyStore ofAnother;

  private final byte[] content = new byte[1 << 20];
  private HttpsServer server;

  @BeforeAll
  static void makeCertificates() throws Exception {
    ofLocalhost = TestCertificate.make(folder, "localhost").store();
    ofAnother = TestCertificate.make(folder, "backups.example.org").store();
  }

  @BeforeEach
  void listen() throws IOException {
    server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    new Random(1).nextBytes(content);
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void carriesWhatATrustedServerSends() throws Exception {
    serve(ofLocalhost);

    assertThat(read("localhost", TlsSockets.trusting(BORING_SSL, ofLocalhost))).isEqualTo(content);
  }

  @Test
  void usesBoringSsl() throws Exception {
    serve(ofLocalhost);
    HttpsURLConnection connection =
        connection("localhost", TlsSockets.trusting(BORING_SSL, ofLocalhost));

    connection.getResponseCode();

    assertThat(connection.getSSLSession().orElseThrow().getClass().getName())
        .startsWith("org.conscrypt.");
  }

  @Test
  void refusesACertificateThatNobodyTrusts() throws Exception {
    serve(ofLocalhost);

    assertThatThrownBy(() -> read("localhost", TlsSockets.trusting(BORING_SSL, ofAnother)))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("certification path");
    assertThatThrownBy(() -> read("localhost", TlsSockets.usual().orElseThrow()))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("certification path");
  }

  @Test
  void refusesTheCertificateOfAnotherName() throws Exception {
    serve(ofAnother);

    assertThatThrownBy(() -> read("localhost", TlsSockets.trusting(BORING_SSL, ofAnother)))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("localhost");
  }

  @Test
  void refusesAnAddressThatTheCertificateDoesNotName() throws Exception {
    serve(ofLocalhost);

    assertThatThrownBy(() -> read("127.0.0.1", TlsSockets.trusting(BORING_SSL, ofLocalhost)))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("127.0.0.1");
  }

  private void serve(KeyStore certificate) throws GeneralSecurityException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(certificate, TestCertificate.PASSWORD.toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, content.length);
          exchange.getResponseBody().write(content);
          exchange.close();
        });
    server.start();
  }

  private byte[] read(String host, SSLSocketFactory sockets) throws IOException {
    try (InputStream in = connection(host, sockets).getInputStream()) {
      return in.readAllBytes();
    }
  }

  private HttpsURLConnection connection(String host, SSLSocketFactory sockets) throws IOException {
    URI uri = URI.create("https://%s:%d/".formatted(host, server.getAddress().getPort()));
    HttpsURLConnection connection = (HttpsURLConnection) uri.toURL().openConnection();
    connection.setSSLSocketFactory(sockets);
    return connection;
  }
}
