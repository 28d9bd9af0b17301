package dev.drp.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.drp.RecoveryException;
import dev.drp.backup.BackupStorage.Content;
import dev.drp.transfer.SftpSession.SftpStatus;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Optional;
import net.schmizz.sshj.sftp.FileAttributes;

/**
 * How a complete file gets its name on an SFTP server, so that no reader ever sees less than all of
 * it and nothing is ever replaced. In the first way that the server allows:
 *
 * <ul>
 *   <li>a hard link, as in a {@link DirectoryStorage};
 *   <li>a rename, which must not replace anything in version 3 of the protocol;
 *   <li>in place: the file has its name from the start, but its owner may not read it until it is
 *       complete. A claim beside it says who writes it.
 * </ul>
 *
 * Safe for concurrent use.
 */
final class SftpPublishing {
  static final int FILE_MODE = 0600;
  private static final int INCOMPLETE_MODE = 0200;
  private static final String CLAIM = ".claim";
  private static final int LONGEST_CLAIM = 4096;

  private final SftpSessions sessions;
  private volatile Way way = Way.LINK;

  private enum Way {
    LINK,
    RENAME,
    IN_PLACE
  }

  /** There is another object of that name. */
  static final class OtherContent extends IOException {
    private static final long serialVersionUID = 1L;

    OtherContent(String message) {
      super(message);
    }
  }

  SftpPublishing(SftpSessions sessions) {
    this.sessions = sessions;
  }

  /** Whether files get their names from the start. */
  boolean isInPlace() {
    return way == Way.IN_PLACE;
  }

  /** Who writes a file that is not an object, by its name; empty for all others. */
  static Optional<TemporaryName> writerOf(String fileName) {
    return TemporaryName.parse(
        fileName.endsWith(CLAIM)
            ? fileName.substring(0, fileName.length() - CLAIM.length())
            : fileName);
  }

  /**
   * Gives a complete file its name; the caller removes what is left of the temporary one.
   *
   * @throws OtherContent when a file with other content has that name
   */
  void publish(String temporary, String target) throws IOException {
    Way tried = way;
    try {
      switch (tried) {
        case LINK -> give(temporary, target, session -> session.link(temporary, target));
        case RENAME -> {
          if (find(target).isPresent()) { // not every server refuses to replace
            requireSame(temporary, target);
          } else {
            give(temporary, target, session -> session.rename(temporary, target));
          }
        }
        case IN_PLACE -> putInPlace(target, output -> copy(temporary, output));
      }
    } catch (SftpStatus e) {
      if (!e.isRefused() || tried == Way.IN_PLACE) {
        throw e;
      }
      way = tried == Way.LINK ? Way.RENAME : Way.IN_PLACE;
      publish(temporary, target);
    }
  }

  private interface Naming {
    void with(SftpSession session) throws IOException;
  }

  /** When the answer got lost, it has been done or not: then the name is there or not. */
  private void give(String temporary, String target, Naming naming) throws IOException {
    try {
      sessions.repeatedly(
          session -> {
            naming.with(session);
            return session;
          });
    } catch (SftpStatus e) {
      if (find(target).isEmpty()) {
        throw e;
      }
      if (find(temporary).isPresent()) { // a rename that was done, if not
        requireSame(temporary, target);
      }
    }
  }

  /**
   * Writes an object under its own name.
   *
   * @return how many bytes
   * @throws OtherContent when a file with other content has that name, or is being written
   */
  long putInPlace(String target, Content content) throws IOException {
    String claim = parent(target) + TemporaryName.next() + CLAIM;
    SftpSession session = sessions.get();
    byte[] handle = session.create(claim, FILE_MODE).handle();
    new SftpUpload(sessions, session, claim, handle)
        .write(output -> output.write(target.getBytes(UTF_8)), Optional.empty());
    try {
      return writeClaimed(target, content);
    } finally {
      removeUnlessBroken(claim);
    }
  }

  private long writeClaimed(String target, Content content) throws IOException {
    SftpSession session = sessions.get();
    byte[] handle;
    try {
      handle = session.create(target, INCOMPLETE_MODE).handle();
    } catch (SftpStatus e) {
      Optional<FileAttributes> present = find(target);
      if (present.isEmpty()) {
        throw e;
      }
      return compare(target, present.get(), content);
    }
    boolean complete = false;
    try {
      if (SftpDownload.isComplete(session.attributes(handle).attributes())) {
        throw new IOException(
            "the server allows neither links nor renames, and does not keep permissions: there is"
                + " no way to tell a complete object from others");
      }
      long bytes =
          new SftpUpload(sessions, session, target, handle).write(content, Optional.of(FILE_MODE));
      complete = true;
      return bytes;
    } finally {
      if (!complete) {
        removeUnlessBroken(target);
      }
    }
  }

  /**
   * Where the server is away: claim and object stay, and a later run knows what to do with them.
   */
  private void removeUnlessBroken(String path) {
    try {
      sessions.get().remove(path);
    } catch (IOException | RecoveryException e) {
      // see above
    }
  }

  /** What somebody who no longer lives was writing under its own name; returns how many bytes. */
  long removeClaimed(String path) throws IOException {
    if (!path.endsWith(CLAIM)) {
      return 0;
    }
    String target;
    try (InputStream claim = SftpDownload.open(sessions, path, 0)) {
      target = new String(claim.readNBytes(LONGEST_CLAIM), UTF_8);
    }
    if (!target.startsWith(parent(path))) {
      return 0; // the writer died before it had written what it claims
    }
    Optional<FileAttributes> found = find(target);
    if (found.isEmpty() || SftpDownload.isComplete(found.get())) {
      return 0;
    }
    sessions.get().remove(target);
    return found.get().getSize();
  }

  private void requireSame(String temporary, String target) throws IOException {
    FileAttributes present = find(target).orElseThrow(() -> new IOException(target + " has gone"));
    compare(target, present, output -> copy(temporary, output));
  }

  /** Compares content with what is there; returns how many bytes both have. */
  private long compare(String target, FileAttributes present, Content content) throws IOException {
    if (!SftpDownload.isComplete(present)) {
      throw new OtherContent("and is being written by somebody else");
    }
    try (InputStream there = SftpDownload.open(sessions, target, 0);
        Comparing comparing = new Comparing(there)) {
      try {
        content.writeTo(comparing);
      } catch (IOException | RuntimeException e) {
        comparing.requireNoDifference(); // whatever the content's own code made of it
        throw e;
      }
      comparing.requireEnd();
      return present.getSize();
    }
  }

  private void copy(String path, OutputStream output) throws IOException {
    try (InputStream input = SftpDownload.open(sessions, path, 0)) {
      input.transferTo(output);
    }
  }

  private Optional<FileAttributes> find(String path) throws IOException {
    return sessions.repeatedly(session -> session.find(path));
  }

  private static String parent(String path) {
    return path.substring(0, path.lastIndexOf('/') + 1);
  }

  /** Compares what is written to it with what can be read. */
  private static final class Comparing extends OutputStream {
    private final InputStream expected;
    private boolean differs;

    Comparing(InputStream expected) {
      this.expected = expected;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] data, int offset, int length) throws IOException {
      byte[] there = expected.readNBytes(length);
      differs |= !Arrays.equals(there, 0, there.length, data, offset, offset + length);
      requireNoDifference();
    }

    void requireEnd() throws IOException {
      differs |= expected.read() >= 0;
      requireNoDifference();
    }

    void requireNoDifference() throws OtherContent {
      if (differs) {
        throw new OtherContent("with other content");
      }
    }
  }
}
