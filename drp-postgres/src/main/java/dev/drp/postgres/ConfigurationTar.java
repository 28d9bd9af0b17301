package dev.drp.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.tar.TarFollower;
import dev.drp.backup.tar.TarListener;
import dev.drp.backup.tar.TarMember;
import dev.drp.database.DataDirectory.Configured;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Takes configuration files out of the tar that {@link ConfigurationFiles} wrote. */
final class ConfigurationTar implements TarListener {
  private static final int MODE_AT = 100;
  private static final int OWNER_AT = 265;
  private static final int OWNER_SIZE = 32;

  private final List<File> files = new ArrayList<>();
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();
  private TarMember member = new TarMember("", '0', 0);
  private byte[] header = {};

  private ConfigurationTar() {}

  static List<File> read(InputStream tar) {
    ConfigurationTar files = new ConfigurationTar();
    TarFollower follower = new TarFollower(List.of(files));
    try {
      tar.transferTo(follower);
      follower.finish();
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.BACKUP_CORRUPT,
          "the configuration in the backup cannot be read: " + e.getMessage(),
          "verify the backup; the configuration can be written by hand.",
          e);
    }
    return files.files;
  }

  @Override
  public void begin(TarMember next, byte[] itsHeader) {
    member = next;
    header = itsHeader.clone();
    content.reset();
  }

  @Override
  public void content(byte[] data, int offset, int length) {
    content.write(data, offset, length);
  }

  @Override
  public void end() {
    if (member.isFile()) {
      files.add(
          new File(Path.of("/", member.name()), owner(), permissions(), content.toByteArray()));
    }
  }

  @Override
  public void filler(byte[] data, int offset, int length) {
    // belongs to no file
  }

  private String owner() {
    return new String(header, OWNER_AT, OWNER_SIZE, ISO_8859_1).replaceAll("\0.*", "");
  }

  /** The last three octal digits of the mode: those of owner, group and others. */
  private Set<PosixFilePermission> permissions() {
    String digits = new String(header, MODE_AT, 8, ISO_8859_1).replaceAll("[^0-7]", "");
    int mode = digits.isEmpty() ? 0600 : Integer.parseInt(digits, 8);
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all =
        PosixFilePermission.values(); // from owner's read to others' execute
    for (int i = 0; i < all.length; i++) {
      if ((mode & 0400 >> i) != 0) {
        permissions.add(all[i]);
      }
    }
    return permissions;
  }

  /** A file as it was when it was backed up. */
  static final class File {
    private final Path path;
    private final String owner;
    private final Set<PosixFilePermission> permissions;
    private final byte[] content;

    File(Path path, String owner, Set<PosixFilePermission> permissions, byte[] content) {
      this.path = path;
      this.owner = owner;
      this.permissions = permissions;
      this.content = content;
    }

    Path path() {
      return path;
    }

    /**
     * @param account gets it where its owner is not known here; empty when we are not root
     */
    Configured putWhereMissing(Optional<String> account) {
      try {
        if (!Files.exists(path)) {
          put(account);
          return Configured.RESTORED;
        }
        return Arrays.equals(Files.readAllBytes(path), content)
            ? Configured.SAME
            : Configured.DIFFERENT;
      } catch (AccessDeniedException e) {
        return Configured.NOT_HERE;
      } catch (IOException e) {
        throw new RecoveryException(
            ErrorCode.LOCAL_FILE,
            "cannot write the configuration file %s: %s".formatted(path, e.getMessage()),
            "write it by hand, from the backup, then go on.",
            e);
      }
    }

    /** Whole or not at all. */
    private void put(Optional<String> account) throws IOException {
      makeFolder(path.getParent(), account);
      Path written = path.resolveSibling(path.getFileName() + ".drp");
      Files.deleteIfExists(written);
      Files.createFile(
          written,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(written, content);
      if (account.isPresent()) {
        Files.setOwner(written, ownerOr(account.get()));
      }
      Files.setPosixFilePermissions(written, permissions);
      try {
        Files.createLink(path, written); // never over what is there
      } catch (FileAlreadyExistsException e) {
        // Somebody else has put it there meanwhile.
      }
      Files.delete(written);
    }

    private static void makeFolder(@Nullable Path folder, Optional<String> account)
        throws IOException {
      if (folder == null || Files.isDirectory(folder)) {
        return;
      }
      makeFolder(folder.getParent(), account);
      Files.createDirectory(folder);
      if (account.isPresent()) {
        Files.setOwner(folder, lookUp(folder, account.get()));
      }
    }

    private UserPrincipal ownerOr(String account) throws IOException {
      try {
        return lookUp(path, owner);
      } catch (UserPrincipalNotFoundException e) {
        return lookUp(path, account);
      }
    }

    private static UserPrincipal lookUp(Path path, String name) throws IOException {
      return path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name);
    }
  }
}
