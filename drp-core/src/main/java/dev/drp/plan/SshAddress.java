package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An account on another machine, reached over SSH. No part of it can be taken for an option of a
 * program.
 *
 * @param user the account; that of the SSH settings when empty
 * @param host a name or an address; IPv6 in brackets
 */
public record SshAddress(Optional<String> user, String host, int port) {
  static final String EXPECTED = "user@host or user@host:port";

  private static final int SSH_PORT = 22;
  private static final Pattern ADDRESS =
      Pattern.compile(
          "(?:([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@)?"
              + "([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\\[[0-9A-Fa-f:.]{2,45}])"
              + "(?::(\\d{1,5}))?");

  public SshAddress {
    requireNonNull(user, "user");
    String text = text(user, host, port);
    if (port < 1 || port > 65535 || !ADDRESS.matcher(text).matches()) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
  }

  /**
   * Reads {@code user@host:port}; user and port may be left out.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static SshAddress parse(String text) {
    return parse(text, text, EXPECTED);
  }

  static SshAddress parse(String address, String text, String expected) {
    Matcher matcher = ADDRESS.matcher(address);
    if (!matcher.matches()) {
      boolean password = address.matches("[^@:]*:[^@]*@.*");
      throw new InvalidValue(
          password ? "an address with a password (not shown)" : Text.quote(text),
          expected,
          password ? "use an SSH key, and remove the password from this file." : "");
    }
    int port = matcher.group(3) == null ? SSH_PORT : Integer.parseInt(matcher.group(3));
    if (port < 1 || port > 65535) {
      throw new InvalidValue(Text.quote(text), expected, "a port is from 1 to 65535.");
    }
    return new SshAddress(Optional.ofNullable(matcher.group(1)), matcher.group(2), port);
  }

  private static String text(Optional<String> user, String host, int port) {
    return user.map(name -> name + "@").orElse("") + host + (port == SSH_PORT ? "" : ":" + port);
  }

  @Override
  public String toString() {
    return text(user, host, port);
  }
}
