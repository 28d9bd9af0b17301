package dev.drp.backup;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/**
 * Makes what is stored unreadable but for the holders of identities, in a way that a standard
 * program can undo. It knows recipients only, which are public: whoever has it can take backups and
 * read none. {@link Decryption} is the other half. Safe for concurrent use; its streams are not.
 */
public interface Encryption {
  /** What a manifest calls it: {@code age}. */
  String name();

  /** What the name of an encrypted object ends with: {@code .age}. */
  String suffix();

  /** Those who can read what is encrypted, in the order of the plan; at least one. */
  List<String> recipients();

  /**
   * The standard program that undoes it, from its standard input to its standard output, for those
   * who restore by hand: {@code age -d -i "$IDENTITY"}. That shell variable names the file with
   * their identity.
   */
  String undoCommand();

  /**
   * Encrypts what is written to the stream; closing it ends the encrypted data and closes {@code
   * output}. The same content gives other bytes each time. Left unclosed, what was written is cut,
   * and no reader takes it for whole.
   */
  OutputStream encrypt(OutputStream output) throws IOException;
}
