package dev.drp.transfer;

import dev.drp.transfer.crypto.TlsSockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.ProxyConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/** How an S3 service is reached: with TLS by BoringSSL where that can be had. */
final class S3Connections {
  private S3Connections() {}

  /**
   * A client for requests to a service. Through a proxy that the environment names, it is the SDK's
   * own with the JDK's TLS, as that one knows how to ask a proxy.
   */
  static SdkHttpClient client(Optional<URI> endpoint, S3Bucket.Limits limits) {
    boolean secured = endpoint.map(uri -> "https".equalsIgnoreCase(uri.getScheme())).orElse(true);
    Optional<SSLSocketFactory> sockets =
        secured && !throughProxy() ? TlsSockets.usual() : Optional.empty();
    return sockets
        .map(ours -> client(limits, ours))
        .orElseGet(
            () ->
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(limits.connect())
                    .socketTimeout(limits.answer())
                    .build());
  }

  private static boolean throughProxy() {
    return Stream.of("http", "https")
        .anyMatch(scheme -> ProxyConfiguration.builder().scheme(scheme).build().host() != null);
  }

  static SdkHttpClient client(S3Bucket.Limits limits, SSLSocketFactory sockets) {
    return UrlConnectionHttpClient.create(uri -> connection(uri, limits, sockets));
  }

  private static HttpURLConnection connection(
      URI uri, S3Bucket.Limits limits, SSLSocketFactory sockets) {
    try {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      if (connection instanceof HttpsURLConnection secured) {
        secured.setSSLSocketFactory(sockets);
      }
      connection.setConnectTimeout(Math.toIntExact(limits.connect().toMillis()));
      connection.setReadTimeout(Math.toIntExact(limits.answer().toMillis()));
      return connection;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
