package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Somebody who can read what is encrypted: a public key of age, {@code age1…}, as {@code
 * age-keygen} prints it. Its checksum is right, so a slip of the pen is no recipient.
 */
public record Recipient(String publicKey) {
  static final String EXPECTED = "a recipient of age: age1… with 62 characters";
  static final String PATTERN = "age1[02-9ac-hj-np-z]{58}";

  private static final Pattern RECIPIENT = Pattern.compile(PATTERN);
  private static final String SECRET = "AGE-SECRET-KEY";
  private static final String PREFIX = "age";
  private static final String DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  private static final int[] GENERATOR = {
    0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3
  };

  public Recipient {
    requireNonNull(publicKey, "publicKey");
    if (publicKey.toUpperCase(Locale.ROOT).startsWith(SECRET)) {
      throw new InvalidValue(
          "a secret key (not shown)",
          EXPECTED,
          "whoever reads this file can now decrypt with that key: use another one, and write what"
              + " `age-keygen -y FILE` prints.");
    }
    if (!RECIPIENT.matcher(publicKey).matches()) {
      throw new InvalidValue(Text.quote(publicKey), EXPECTED, "");
    }
    if (checksum(publicKey.substring(PREFIX.length() + 1)) != 1) {
      throw new InvalidValue(
          Text.quote(publicKey), EXPECTED, "its checksum is wrong: a character has changed.");
    }
  }

  /** Bech32, as BIP 173 has it: 1 for what nobody changed. */
  private static int checksum(String data) {
    int sum = 1;
    for (int i = 0; i < PREFIX.length(); i++) {
      sum = next(sum, PREFIX.charAt(i) >> 5);
    }
    sum = next(sum, 0);
    for (int i = 0; i < PREFIX.length(); i++) {
      sum = next(sum, PREFIX.charAt(i) & 31);
    }
    for (int i = 0; i < data.length(); i++) {
      sum = next(sum, DIGITS.indexOf(data.charAt(i)));
    }
    return sum;
  }

  private static int next(int sum, int digit) {
    int top = sum >>> 25;
    int result = (sum & 0x1ffffff) << 5 ^ digit;
    for (int i = 0; i < GENERATOR.length; i++) {
      result ^= (top >> i & 1) == 0 ? 0 : GENERATOR[i];
    }
    return result;
  }

  @Override
  public String toString() {
    return publicKey;
  }
}
