package dev.drp.plan;

/** What a backup copies. */
public enum BackupKind {
  /** The contents of a database, as statements and rows. */
  LOGICAL,
  /** The files of a database server. */
  PHYSICAL,
  /** The configuration files of an environment. */
  CONFIGURATION,
  /** Everything that a new server needs: database, configuration, volumes, image identities. */
  SYSTEM
}
