package dev.drp.backup;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.drp.backup.tar.OwnersFiles;
import dev.drp.backup.tar.TarCutter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.stream.Stream;

/**
 * What a repair of a folder is going to overwrite and remove, kept in a file: it appears under its
 * name once it is complete and on disk, and nothing is changed before. Safe for concurrent use.
 */
final class UndoFile implements AutoCloseable {
  private static final int BUFFER = 1 << 20;

  private final Path file;
  private final Path unfinished;
  private final Path folder;
  private final FileChannel channel;
  private final DataOutputStream output;

  /** What a record holds after its type and path. */
  private enum Type {
    /** Nothing: there was a folder. */
    FOLDER,
    /** How long a file was that gets another length, or is removed. */
    LENGTH,
    /** Where in a file a block was, and its content. */
    BLOCK,
    /** Nothing: there was neither a file nor a folder. */
    ABSENT,
    /** Nothing: all has been said. */
    END
  }

  /**
   * @param folder of which it tells
   */
  UndoFile(Path file, Path folder) throws IOException {
    this.file = file;
    this.unfinished = file.resolveSibling(file.getFileName() + ".new");
    this.folder = folder;
    Files.deleteIfExists(unfinished);
    this.channel =
        new OwnersFiles(folder)
            .open(unfinished, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
    this.output =
        new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER));
  }

  private void begin(Type type, Path path) throws IOException {
    output.writeUTF(type.name());
    output.writeUTF(folder.relativize(path).toString());
  }

  synchronized void absent(Path path) throws IOException {
    begin(Type.ABSENT, path);
  }

  synchronized void length(Path path, long bytes) throws IOException {
    begin(Type.LENGTH, path);
    output.writeLong(bytes);
  }

  synchronized void block(Path path, long at, byte[] content) throws IOException {
    begin(Type.BLOCK, path);
    output.writeLong(at);
    output.writeInt(content.length);
    output.write(content);
  }

  /** A file's content from a position on. */
  void rest(Path path, long from) throws IOException {
    length(path, Files.size(path));
    try (FileChannel source = FileChannel.open(path, StandardOpenOption.READ, NOFOLLOW_LINKS)) {
      long at = from;
      byte[] content = FolderRepair.read(source, at, TarCutter.CHUNK);
      while (content.length > 0) {
        block(path, at, content);
        at += content.length;
        content = FolderRepair.read(source, at, TarCutter.CHUNK);
      }
    }
  }

  /** A file, or a folder with all that is in it. */
  void whole(Path path) throws IOException {
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted().toList()) {
        if (Files.isDirectory(each, NOFOLLOW_LINKS)) {
          folder(each);
        } else {
          rest(each, 0);
        }
      }
    }
  }

  private synchronized void folder(Path path) throws IOException {
    begin(Type.FOLDER, path);
  }

  /** Makes it count. */
  void finish() throws IOException {
    begin(Type.END, folder);
    output.flush();
    channel.force(true);
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    try (FileChannel parent = FileChannel.open(file.resolve("..").normalize())) {
      parent.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /**
   * Gives a folder back what it held, in which the repair's outcome is now. Can be done again after
   * a crash in its middle.
   *
   * @throws IOException also when the file is cut
   */
  static void apply(Path file, Path folder) throws IOException {
    Deque<Path> absent = new ArrayDeque<>();
    read(
        file,
        folder,
        (type, path, input) -> {
          if (type == Type.ABSENT) {
            absent.push(path);
          }
          skip(type, input);
        });
    for (Path path : absent) {
      deleteAll(path);
    }
    OwnersFiles files = new OwnersFiles(folder);
    read(file, folder, (type, path, input) -> restore(type, path, input, files));
  }

  private static void deleteAll(Path path) throws IOException {
    if (!Files.exists(path, NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> all = Files.walk(path)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static void restore(Type type, Path path, DataInputStream input, OwnersFiles files)
      throws IOException {
    switch (type) {
      case FOLDER -> files.makeFolders(path);
      case LENGTH -> {
        long bytes = input.readLong();
        try (FileChannel target = open(files, path)) {
          target.truncate(bytes);
        }
      }
      case BLOCK -> {
        long at = input.readLong();
        ByteBuffer content = ByteBuffer.wrap(input.readNBytes(input.readInt()));
        try (FileChannel target = open(files, path)) {
          while (content.hasRemaining()) {
            target.write(content, at + content.position());
          }
        }
      }
      case ABSENT, END -> {
        // nothing to write
      }
    }
  }

  private static FileChannel open(OwnersFiles files, Path path) throws IOException {
    return files.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
  }

  private static void skip(Type type, DataInputStream input) throws IOException {
    switch (type) {
      case LENGTH -> input.readLong();
      case BLOCK -> {
        input.readLong();
        input.skipNBytes(input.readInt());
      }
      case FOLDER, ABSENT, END -> {
        // nothing to skip
      }
    }
  }

  /** Takes a record's content. */
  private interface Records {
    void next(Type type, Path path, DataInputStream content) throws IOException;
  }

  private static void read(Path file, Path folder, Records records) throws IOException {
    try (DataInputStream input =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER))) {
      Type type;
      do {
        type = Type.valueOf(input.readUTF());
        records.next(type, folder.resolve(input.readUTF()), input);
      } while (type != Type.END);
    } catch (IllegalArgumentException e) {
      throw new IOException("%s is damaged: %s".formatted(file, e.getMessage()), e);
    }
  }
}
