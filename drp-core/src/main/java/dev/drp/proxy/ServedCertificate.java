package dev.drp.proxy;

import java.time.Duration;
import java.time.Instant;

/**
 * The certificate that a site is served with.
 *
 * @param trusted whether this machine would accept it for the site
 */
public record ServedCertificate(
    String subject, String issuer, Instant notBefore, Instant notAfter, boolean trusted) {
  /** Whole days that it is still good; negative when it has expired. */
  public long daysLeft(Instant now) {
    return Math.floorDiv(
        Duration.between(now, notAfter).toSeconds(), Duration.ofDays(1).toSeconds());
  }
}
