package dev.drp.backup;

import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * The plain content of a part; ends only if the hash as stored and both sizes are those of the
 * manifest. That the plain content follows from what is stored, the {@link Compression} checks.
 */
final class PartInputStream extends InputStream {
  private static final int DRAIN = 8192;

  private final BackupId id;
  private final BackupCopy copy;
  private final BackupPart part;
  private final HashingInputStream stored;
  private final InputStream plain;
  private long plainBytes;
  private boolean checked;

  PartInputStream(
      BackupId id,
      BackupCopy copy,
      BackupPart part,
      InputStream source,
      Optional<Compression> compression,
      Optional<Decryption> decryption) {
    this.id = id;
    this.copy = copy;
    this.part = part;
    this.stored =
        new HashingInputStream(
            new StorageInputStream(copy.storage(), copy.folder().child(part.name()), source));
    this.plain = decode(compression, decryption);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) {
    try {
      int count = plain.read(buffer, offset, length);
      if (count < 0 && !checked) {
        drainStored();
        check();
        checked = true;
      }
      plainBytes += Math.max(count, 0);
      if (plainBytes > part.plainBytes()) { // a bomb would not end for long
        throw otherSize("; the rest was not read");
      }
      return count;
    } catch (IOException e) {
      throw undecodable(e);
    }
  }

  @Override
  public void close() throws IOException {
    plain.close();
  }

  private InputStream decode(Optional<Compression> compression, Optional<Decryption> decryption) {
    String what = "%s of backup %s in storage %s".formatted(part.name(), id, copy.storage());
    try {
      InputStream compressed =
          decryption.isEmpty() ? stored : decryption.get().decrypt(what, stored);
      return compression.isEmpty() ? compressed : compression.get().decompress(compressed);
    } catch (IOException e) {
      throw undecodable(e);
    }
  }

  private RecoveryException undecodable(IOException e) {
    return BackupReader.corrupt(
        id, copy, part.name(), "it cannot be decoded: " + e.getMessage(), e);
  }

  private void drainStored() throws IOException {
    byte[] rest = new byte[DRAIN];
    while (stored.read(rest, 0, DRAIN) >= 0) {
      // what follows the compressed data belongs to the hash as stored
    }
  }

  private void check() {
    BackupReader.requireAsStored(id, copy, part, stored.hash());
    if (plainBytes != part.plainBytes()) {
      throw otherSize("");
    }
  }

  private RecoveryException otherSize(String more) {
    return BackupReader.corrupt(
        id,
        copy,
        part.name(),
        "decompressed it has %d bytes, its manifest says %d%s"
            .formatted(plainBytes, part.plainBytes(), more),
        null);
  }
}
