package dev.drp.backup;

import java.util.regex.Pattern;

/**
 * Names a backup: {@code 20261122T101500Z-3f9a1c}, the second in UTC in which it began and
 * something random. Never ordered by: the manifest's recorded times count.
 */
public record BackupId(String value) {
  private static final Pattern FORM = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");

  public BackupId {
    if (!isValid(value)) {
      throw new IllegalArgumentException("not a backup id: " + value);
    }
  }

  static boolean isValid(String value) {
    return FORM.matcher(value).matches();
  }

  @Override
  public String toString() {
    return value;
  }
}
