package dev.drp.transfer;

import dev.drp.transfer.SftpSession.Answer;
import dev.drp.transfer.SftpSession.Entry;
import dev.drp.transfer.SftpSession.SftpStatus;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import net.schmizz.sshj.sftp.FileMode;

/**
 * Lists folders of an SFTP server, many at a time: a tree costs a few round trips for each of its
 * levels and not for each of its folders. Follows no links.
 */
final class SftpTree {
  private static final int AT_ONCE = 32;

  private final SftpSession session;

  SftpTree(SftpSession session) {
    this.session = session;
  }

  /** A folder that is being read. */
  private static final class Reading {
    private final String path;
    private final byte[] handle;
    private final List<Answer> asked = new ArrayList<>();

    Reading(String path, byte[] handle) {
      this.path = path;
      this.handle = handle;
    }
  }

  /** What is directly in a folder; empty when there is no such folder. */
  Optional<List<Entry>> entries(String folder) throws IOException {
    List<Entry> entries = new ArrayList<>();
    boolean there = read(List.of(folder), (in, entry) -> entries.add(entry));
    return there ? Optional.of(entries) : Optional.empty();
  }

  /** Files at any depth, each with its whole path as name; empty when there is no such folder. */
  Optional<List<Entry>> files(String top) throws IOException {
    List<Entry> files = new ArrayList<>();
    Deque<String> folders = new ArrayDeque<>(List.of(top));
    boolean there = false;
    while (!folders.isEmpty()) {
      List<String> some = new ArrayList<>();
      while (!folders.isEmpty() && some.size() < AT_ONCE) {
        some.add(folders.remove());
      }
      there |=
          read(
              some,
              (folder, entry) -> {
                String path = folder + "/" + entry.name();
                FileMode.Type type = entry.attributes().getType();
                if (type == FileMode.Type.DIRECTORY) {
                  folders.add(path);
                } else if (type == FileMode.Type.REGULAR) {
                  files.add(new Entry(path, entry.attributes()));
                }
              });
    }
    return there ? Optional.of(files) : Optional.empty();
  }

  private interface Visit {
    void entry(String folder, Entry entry);
  }

  /** Reads folders side by side and says whether any of them is there. */
  private boolean read(List<String> folders, Visit visit) throws IOException {
    List<Answer> opened = new ArrayList<>();
    for (String folder : folders) {
      opened.add(session.openFolder(folder));
    }
    List<Reading> readings = new ArrayList<>();
    for (int i = 0; i < folders.size(); i++) {
      Optional<byte[]> handle = handle(opened.get(i));
      if (handle.isPresent()) {
        readings.add(new Reading(folders.get(i), handle.get()));
      }
    }
    boolean any = !readings.isEmpty();
    while (!readings.isEmpty()) {
      readSome(readings, visit);
    }
    return any;
  }

  /** Two answers of each folder: most have no more than one, and then the end. */
  private void readSome(List<Reading> readings, Visit visit) throws IOException {
    for (Reading reading : readings) {
      reading.asked.add(session.readFolder(reading.handle));
      reading.asked.add(session.readFolder(reading.handle));
    }
    for (Iterator<Reading> all = readings.iterator(); all.hasNext(); ) {
      Reading reading = all.next();
      boolean ended = false;
      for (Answer answer : reading.asked) {
        List<Entry> entries = answer.entries();
        entries.forEach(entry -> visit.entry(reading.path, entry));
        ended |= entries.isEmpty();
      }
      reading.asked.clear();
      if (ended) {
        session.close(reading.handle); // nothing depends on the answer
        all.remove();
      }
    }
  }

  /** Empty for a folder that has gone since it was seen, or is none. */
  private static Optional<byte[]> handle(Answer opened) throws IOException {
    try {
      return Optional.of(opened.handle());
    } catch (SftpStatus e) {
      if (e.isNotFound()) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
