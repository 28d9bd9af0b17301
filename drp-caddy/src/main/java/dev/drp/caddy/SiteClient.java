package dev.drp.caddy;

import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ServedCertificate;
import dev.drp.runtime.TimeLimit;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Asks this Caddy for a site, wherever the site's name leads to. It takes any certificate, as it
 * sends nothing of value and is to tell what is served.
 */
final class SiteClient {
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})( .*)?");
  private static final int LONGEST_HEAD = 64 << 10;

  private final String connectTo;
  private final Duration connectLimit;

  SiteClient(String connectTo, Duration connectLimit) {
    this.connectTo = connectTo;
    this.connectLimit = connectLimit;
  }

  /**
   * What came back.
   *
   * @param comesBack whether it says when to come back
   * @param load which load of a configuration answers; empty if it does not say
   * @param from our own address, as the site sees it
   */
  record Answer(
      int status,
      boolean comesBack,
      String load,
      Optional<ServedCertificate> certificate,
      InetAddress from) {}

  Answer get(SiteAddress site, Duration limit) throws IOException {
    return get(site, "/", limit);
  }

  /** Whose an address is. */
  static SiteAddress siteOf(URI address) {
    boolean tls = "https".equals(address.getScheme());
    int port = address.getPort() >= 0 ? address.getPort() : tls ? 443 : 80;
    return new SiteAddress(tls, address.getHost(), port);
  }

  Answer get(URI address, Duration limit) throws IOException {
    String path = address.getRawPath().isEmpty() ? "/" : address.getRawPath();
    String query = address.getRawQuery() == null ? "" : "?" + address.getRawQuery();
    return get(siteOf(address), path + query, limit);
  }

  /**
   * An answer counts only within the limit: closing a socket ends its output first, and a server
   * that takes this for a visitor who gave up may still answer (Caddy 2.6: with 200).
   */
  private Answer get(SiteAddress site, String target, Duration limit) throws IOException {
    try (Socket plain = new Socket();
        TimeLimit ending = TimeLimit.of(limit, () -> close(plain))) {
      Answer answer = get(plain, site, target, limit);
      if (ending.isReached()) {
        throw new SocketTimeoutException("no answer within %d ms".formatted(limit.toMillis()));
      }
      return answer;
    }
  }

  private Answer get(Socket plain, SiteAddress site, String target, Duration limit)
      throws IOException {
    plain.connect(
        new InetSocketAddress(connectTo, site.port()),
        (int) Math.min(connectLimit.toMillis(), limit.toMillis()));
    plain.setSoTimeout((int) limit.toMillis());
    if (!site.tls()) {
      return exchange(plain, site, target, Optional.empty());
    }
    Witness witness = new Witness();
    try (SSLSocket socket = handshake(plain, site, witness)) {
      return exchange(socket, site, target, witness.certificate());
    }
  }

  private static SSLSocket handshake(Socket plain, SiteAddress site, Witness witness)
      throws IOException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {witness}, null);
      SSLSocket socket =
          (SSLSocket)
              context.getSocketFactory().createSocket(plain, site.host(), site.port(), false);
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      if (!site.host().matches("[0-9.]+")) {
        parameters.setServerNames(List.of(new SNIHostName(site.host())));
      }
      socket.setSSLParameters(parameters);
      socket.startHandshake();
      return socket;
    } catch (GeneralSecurityException e) {
      throw new IOException("this Java has no TLS: " + e, e);
    }
  }

  private static Answer exchange(
      Socket socket, SiteAddress site, String target, Optional<ServedCertificate> certificate)
      throws IOException {
    boolean usualPort = site.port() == (site.tls() ? 443 : 80);
    String request =
        "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: drp\r\n%s: ?\r\nAccept: */*\r\nConnection: close\r\n\r\n"
            .formatted(target, usualPort ? site.host() : site.hostAndPort(), Content.PROBE);
    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
    List<String> head = head(new BufferedInputStream(socket.getInputStream())).lines().toList();
    Matcher status = STATUS.matcher(head.get(0));
    if (!status.matches()) {
      throw new IOException("it does not answer in HTTP but with " + Shown.text(head.get(0)));
    }
    return new Answer(
        Integer.parseInt(status.group(1)),
        header(head, "Retry-After").isPresent(),
        header(head, Content.PROBE).orElse(""),
        certificate,
        socket.getLocalAddress());
  }

  private static Optional<String> header(List<String> head, String name) {
    String begin = name.toLowerCase(Locale.ROOT) + ":";
    return head.stream()
        .filter(it -> it.toLowerCase(Locale.ROOT).startsWith(begin))
        .map(it -> it.substring(begin.length()).strip())
        .findFirst();
  }

  /** Status line and headers. */
  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = in.read();
      if (next < 0 || head.length() > LONGEST_HEAD) {
        throw new IOException(
            head.isEmpty() ? "it ends the connection" : "its answer has no end of its headers");
      }
      head.append((char) next);
    }
    return head.toString();
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // whoever uses it is told
    }
  }

  /** Lets everything pass, and remembers what it was and what would have been said of it. */
  private static final class Witness extends X509ExtendedTrustManager {
    private @Nullable X509Certificate served;
    private boolean trusted;

    Optional<ServedCertificate> certificate() {
      return Optional.ofNullable(served)
          .map(
              it ->
                  new ServedCertificate(
                      it.getSubjectX500Principal().getName(),
                      it.getIssuerX500Principal().getName(),
                      it.getNotBefore().toInstant(),
                      it.getNotAfter().toInstant(),
                      trusted));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
      served = chain[0];
      try {
        usual().checkServerTrusted(chain, type, socket);
        trusted = true;
      } catch (CertificateException e) {
        trusted = false;
      }
    }

    private static X509ExtendedTrustManager usual() throws CertificateException {
      try {
        TrustManagerFactory factory =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        for (TrustManager manager : factory.getTrustManagers()) {
          if (manager instanceof X509ExtendedTrustManager usual) {
            return usual;
          }
        }
      } catch (GeneralSecurityException e) {
        throw new CertificateException("this Java trusts nobody", e);
      }
      throw new CertificateException("this Java trusts nobody");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("only for sockets");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("only for sockets");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("only for servers");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      throw new CertificateException("only for servers");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      throw new CertificateException("only for servers");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
