package dev.drp.plan;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Addresses that begin alike: {@code 192.0.2.0/24}, {@code 2001:db8::/32}, or a single one.
 *
 * @param first an address, never a name
 * @param prefix how many of its bits count
 */
public record AddressRange(String first, int prefix) {
  static final String EXPECTED = "an address or a range such as 192.0.2.7 or 192.0.2.0/24";
  static final String PATTERN = "[0-9A-Fa-f:.]+(/\\d{1,3})?";

  private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
  private static final String IPV4 = OCTET + "(?:\\." + OCTET + "){3}";
  private static final String IPV6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:]*";
  private static final Pattern RANGE =
      Pattern.compile("(" + IPV4 + "|" + IPV6 + ")(?:/(\\d{1,3}))?");

  public AddressRange {
    if (prefix < 0 || prefix > bits(address(first))) {
      throw new InvalidValue(Text.quote(first + "/" + prefix), EXPECTED, "");
    }
  }

  /**
   * Reads a range.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static AddressRange parse(String text) {
    Matcher matcher = RANGE.matcher(text);
    if (!matcher.matches()) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
    String first = matcher.group(1);
    return new AddressRange(
        first,
        matcher.group(2) == null ? bits(address(first)) : Integer.parseInt(matcher.group(2)));
  }

  public boolean contains(InetAddress address) {
    InetAddress own = address(first);
    int ignored = bits(own) - prefix;
    return own.getClass() == address.getClass()
        && number(own).shiftRight(ignored).equals(number(address).shiftRight(ignored));
  }

  private static BigInteger number(InetAddress address) {
    return new BigInteger(1, address.getAddress());
  }

  private static int bits(InetAddress address) {
    return address.getAddress().length * 8;
  }

  private static InetAddress address(String text) {
    try {
      if (RANGE.matcher(text).matches() && !text.contains("/")) { // a name would be looked up
        return InetAddress.getByName(text);
      }
    } catch (UnknownHostException e) {
      // the same answer
    }
    throw new InvalidValue(Text.quote(text), EXPECTED, "");
  }

  @Override
  public String toString() {
    return first + "/" + prefix;
  }
}
