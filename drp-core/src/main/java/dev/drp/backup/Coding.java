package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * How content becomes what is stored: it is compressed, then encrypted where there are recipients.
 * Safe for concurrent use; its streams are not.
 */
public record Coding(Compression compression, Optional<Encryption> encryption) {
  public Coding {
    requireNonNull(compression, "compression");
    requireNonNull(encryption, "encryption");
  }

  /** For storages whose readers may read everything. */
  public static Coding plain(Compression compression) {
    return new Coding(compression, Optional.empty());
  }

  /** What it adds to a name: {@code .zst} or {@code .zst.age}. */
  public String suffix() {
    return compression.suffix() + encryption.map(Encryption::suffix).orElse("");
  }

  /** The standard programs that undo it, as one command of a shell that reads standard input. */
  String undoCommand() {
    return undoEncryption().map(undo -> undo + " | ").orElse("") + compression.undoCommand();
  }

  /** The same of the encryption alone; empty where there is none. */
  Optional<String> undoEncryption() {
    return encryption.map(Encryption::undoCommand);
  }

  /** Codes what is written to the stream; closing it ends the coded data and closes the output. */
  public OutputStream encode(OutputStream output) throws IOException {
    return compression.compress(seal(output));
  }

  /** The same for what is compressed already. */
  OutputStream seal(OutputStream output) throws IOException {
    return encryption.isEmpty() ? output : encryption.get().encrypt(output);
  }
}
