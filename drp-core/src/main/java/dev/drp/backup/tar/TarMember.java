package dev.drp.backup.tar;

import static java.util.Objects.requireNonNull;

/**
 * A member of a tar.
 *
 * @param name as the header has it
 * @param type as the header has it: {@code '0'} for a file, {@code '5'} for a folder
 * @param bytes size of its content
 */
public record TarMember(String name, char type, long bytes) {
  /** The type of a folder. */
  public static final char FOLDER = '5';

  public TarMember {
    requireNonNull(name, "name");
  }

  /** Its name as a path relative to where the tar is unpacked. */
  public String path() {
    return name.startsWith("./") ? name.substring(2) : name;
  }

  public boolean isFile() {
    return type == '0' || type == 0;
  }
}
