package dev.drp.procedure;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.BackupPart;
import dev.drp.backup.FileArchive;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.List;

/**
 * A folder of this machine for what is in a backup, which had nothing in it; only for its owner.
 *
 * @param host runs programs on this machine
 * @param path absolute
 */
record NewFolder(CommandRunner host, Path path) {
  /** Makes it where it is missing. REFUSED when there is something in it. */
  static NewFolder make(CommandRunner host, Path folder) {
    Path path = folder.toAbsolutePath().normalize();
    try {
      Files.createDirectories(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try (DirectoryStream<Path> content = Files.newDirectoryStream(path)) {
        if (content.iterator().hasNext()) {
          throw new RecoveryException(
              ErrorCode.REFUSED,
              "folder %s is not empty".formatted(path),
              "nothing was touched. Name another folder; one that is not there yet is made.");
        }
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "folder %s cannot be made or read: %s".formatted(path, e.getMessage()),
          "check its permissions, or name another one.",
          e);
    }
    return new NewFolder(host, path);
  }

  /** Makes a folder in it, and those between. What a manifest says of places is not believed. */
  Path makeBelow(String folder) {
    Path target = path.resolve(folder).normalize();
    if (!target.startsWith(path) || target.equals(path)) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "the backup wants to be unpacked in %s, which is not below %s".formatted(target, path),
          "this program writes no such backup: find out who put it there.");
    }
    Path closed = path.resolve(path.relativize(target).getName(0)); // folders above it were closed
    host.run(Command.of("mkdir", "-p", "-m", "0700", "--", closed.toString()));
    host.run(Command.of("mkdir", "-p", "--", target.toString()));
    return target;
  }

  /** Makes a file in it. */
  void write(String name, InputStream content) {
    Path file = path.resolve(name);
    try (OutputStream output =
        Channels.newOutputStream(
            FileChannel.open(
                file,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------"))))) {
      content.transferTo(output);
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "%s cannot be written: %s".formatted(file, e.getMessage()),
          "check the space and the permissions of its folder.",
          e);
    }
  }

  /**
   * OUT_OF_SPACE where a backup does not fit: one that somebody made to fill the disk does not get
   * that far.
   *
   * @param there a folder that is there
   * @param archives which of its archives are unpacked; all that it holds when it is empty
   */
  static void requireSpace(Path there, BackupManifest manifest, List<FileArchive> archives) {
    List<String> wantedParts = archives.stream().map(FileArchive::part).toList();
    long wanted =
        manifest.parts().stream()
            .filter(part -> wantedParts.isEmpty() || wantedParts.contains(part.plainName()))
            .mapToLong(BackupPart::plainBytes)
            .sum();
    try {
      long free = Files.getFileStore(there).getUsableSpace();
      if (free < wanted) {
        throw new RecoveryException(
            ErrorCode.OUT_OF_SPACE,
            "%s has %d bytes left, and backup %s takes up to %d"
                .formatted(there, free, manifest.id(), wanted),
            "nothing was unpacked. Make space, or name a folder on another file system.");
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "the space for %s cannot be found out: %s".formatted(there, e.getMessage()),
          "check that its file system is mounted.",
          e);
    }
  }
}
