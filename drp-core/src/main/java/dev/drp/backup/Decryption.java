package dev.drp.backup;

import java.io.IOException;
import java.io.InputStream;

/**
 * Reads what an {@link Encryption} has written, with the identities of whoever asks. Safe for
 * concurrent use; its streams are not.
 *
 * <p>Where no identity was given, every method that reads throws a {@link
 * dev.drp.RecoveryException} with IDENTITY_MISSING; where none is one that the content was
 * encrypted to, with IDENTITY_REFUSED.
 */
public interface Decryption {
  /** What a manifest calls the encryption that this undoes: {@code age}. */
  String name();

  /** What the name of an encrypted object ends with: {@code .age}. */
  String suffix();

  /** Whether there is any identity, the right one or not. */
  boolean hasIdentity();

  /**
   * Gives the plain bytes; data that is cut or was changed fails with an IOException and never ends
   * quietly. Only bytes that were proven to be what was written come out. Closing it closes {@code
   * stored}.
   *
   * @param what is being read, for messages
   */
  InputStream decrypt(String what, InputStream stored) throws IOException;

  /**
   * Makes ready to read from anywhere, without reading what comes before it: opens {@code stored}
   * once, for what is at its beginning.
   *
   * @param what is being read, for messages
   * @param stored opens the encrypted object at an offset
   * @return opens its plain content at an offset, as {@link #decrypt} does; safe for concurrent use
   */
  AtOffset decryptAnywhere(String what, AtOffset stored) throws IOException;

  /** Something that can be read from anywhere. */
  interface AtOffset {
    /** Its bytes from an offset on; the caller closes it. */
    InputStream openAt(long offset) throws IOException;
  }
}
