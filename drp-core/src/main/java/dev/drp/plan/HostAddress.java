package dev.drp.plan;

/** Where a site is: this machine, or another one that is reached over SSH. */
public sealed interface HostAddress permits LocalHost, RemoteHost {
  /** What the plan file accepts. */
  String EXPECTED = "'local', or ssh://user@host or ssh://user@host:port";

  /**
   * Reads {@code local} or {@code ssh://user@host:port}.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  static HostAddress parse(String text) {
    if (text.equals("local")) {
      return LocalHost.LOCAL;
    }
    if (!text.startsWith("ssh://")) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
    return new RemoteHost(SshAddress.parse(text.substring("ssh://".length()), text, EXPECTED));
  }
}
