package dev.drp.proxy;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a site's requests are sent. No part of it can end a word of the proxy's configuration.
 *
 * @param host a name, an IPv4 address, or an IPv6 address in brackets
 */
public record Upstream(boolean tls, String host, int port) {
  private static final Pattern ADDRESS =
      Pattern.compile(
          "(?:(https?)://)?([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\\[[0-9A-Fa-f:]{2,39}])"
              + ":(\\d{1,5})");

  public Upstream {
    if (port < 1 || port > 65535 || !ADDRESS.matcher(host + ":" + port).matches()) {
      throw new IllegalArgumentException(
          "%s:%d is no upstream; expected one such as 127.0.0.1:8001".formatted(host, port));
    }
  }

  /**
   * Reads {@code 127.0.0.1:8001} or {@code https://standby.example.net:443}.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static Upstream parse(String text) {
    Matcher matcher = ADDRESS.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "no upstream; expected host and port such as 127.0.0.1:8001 or"
              + " https://standby.example.net:443");
    }
    return new Upstream(
        "https".equals(matcher.group(1)), matcher.group(2), Integer.parseInt(matcher.group(3)));
  }

  @Override
  public String toString() {
    return (tls ? "https://" : "") + host + ":" + port;
  }
}
