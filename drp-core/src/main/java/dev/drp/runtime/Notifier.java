package dev.drp.runtime;

/** Tells people something. Safe for concurrent use. */
public interface Notifier {
  /**
   * Hands a message over; whether anybody reads it is not known. NOTIFICATION_FAILED when it was
   * not taken.
   *
   * @param message its first line is its subject; never holds a secret
   */
  void tell(String message);
}
