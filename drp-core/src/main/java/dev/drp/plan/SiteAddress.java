package dev.drp.plan;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A site as a reverse proxy serves it: scheme, host and port. No part of it can end a word of the
 * proxy's configuration.
 *
 * @param host a name or an IPv4 address, in small letters
 */
public record SiteAddress(boolean tls, String host, int port) {
  static final String EXPECTED = "a site such as app.example.net or http://localhost:8080";
  static final String PATTERN = "(https?://)?[A-Za-z0-9][A-Za-z0-9.-]*(:\\d{1,5})?";

  private static final int HTTP_PORT = 80;
  private static final int HTTPS_PORT = 443;
  private static final Pattern ADDRESS =
      Pattern.compile("(?:(https?)://)?([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::(\\d{1,5}))?");

  public SiteAddress {
    host = host.toLowerCase(Locale.ROOT);
    if (port < 1 || port > 65535) {
      throw new InvalidValue("port " + port, EXPECTED, "a port is from 1 to 65535.");
    }
    if (!isHost(host)) {
      throw new InvalidValue(Text.quote(host), EXPECTED, "");
    }
  }

  /**
   * Reads a site; without a scheme it is https, as with Caddy, unless the port is 80.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static SiteAddress parse(String text) {
    Matcher matcher = ADDRESS.matcher(text);
    if (!matcher.matches()) {
      throw new InvalidValue(
          Text.quote(text), EXPECTED, "without a path; each name of a wildcard by itself.");
    }
    int port = matcher.group(3) == null ? 0 : Integer.parseInt(matcher.group(3));
    boolean tls = matcher.group(1) == null ? port != HTTP_PORT : matcher.group(1).equals("https");
    if (matcher.group(3) == null) {
      port = tls ? HTTPS_PORT : HTTP_PORT;
    }
    return new SiteAddress(tls, matcher.group(2), port);
  }

  static boolean isHost(String host) {
    return host.matches("[A-Za-z0-9][A-Za-z0-9.-]{0,252}");
  }

  public String hostAndPort() {
    return host + ":" + port;
  }

  /** As it is written in the plan. */
  @Override
  public String toString() {
    String portPart = port == (tls ? HTTPS_PORT : HTTP_PORT) ? "" : ":" + port;
    return (tls ? "" : "http://") + host + portPart;
  }
}
