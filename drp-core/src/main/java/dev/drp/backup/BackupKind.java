package dev.drp.backup;

/** What a backup copies. */
public enum BackupKind {
  /** The content of one database, as statements and rows. */
  LOGICAL,
  /** The files of a database server. */
  PHYSICAL,
  /** Configuration files. */
  CONFIGURATION,
  /** A whole environment. */
  SYSTEM
}
