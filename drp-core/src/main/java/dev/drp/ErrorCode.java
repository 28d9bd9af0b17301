package dev.drp;

/**
 * What went wrong, as a stable code. Programs branch on it; the command line derives its exit code
 * from it.
 *
 * <p>Codes are never renamed or reused: scripts and embedding programs depend on them.
 */
public enum ErrorCode {
  /** The plan file cannot be read or has errors. */
  PLAN_INVALID(ExitStatus.USAGE, false),
  /** An option or argument makes no sense. */
  USAGE(ExitStatus.USAGE, false),
  /** A name that the caller gave is not in the plan: an environment, a schedule, a storage. */
  NOT_IN_PLAN(ExitStatus.USAGE, false),
  /** A secret that the plan refers to cannot be read. */
  SECRET_UNAVAILABLE(ExitStatus.FAILED, false),
  /** What is to be read is encrypted, and no identity was given. */
  IDENTITY_MISSING(ExitStatus.USAGE, false),
  /** What is to be read is encrypted, and to none of the identities that were given. */
  IDENTITY_REFUSED(ExitStatus.FAILED, false),

  /** A program could not be started. */
  COMMAND_NOT_FOUND(ExitStatus.FAILED, false),
  /** A program ended with another exit code than it should. */
  COMMAND_FAILED(ExitStatus.FAILED, false),
  /** Something did not end within its time limit. */
  TIMED_OUT(ExitStatus.FAILED, true),

  /** The container engine does not answer. */
  ENGINE_UNAVAILABLE(ExitStatus.FAILED, true),
  /** The container engine refused a request, or failed at it. */
  ENGINE_FAILED(ExitStatus.FAILED, false),
  /** No such container, or it does not run. */
  CONTAINER_NOT_FOUND(ExitStatus.FAILED, false),
  /** No such image on the engine. */
  IMAGE_NOT_FOUND(ExitStatus.FAILED, false),
  /** Compose does not accept its files, or a variable that they use has no value. */
  COMPOSE_INVALID(ExitStatus.FAILED, false),
  /** The notifier did not take a message. */
  NOTIFICATION_FAILED(ExitStatus.FAILED, false),
  /** A service ended, or did not become healthy. */
  SERVICE_UNHEALTHY(ExitStatus.FAILED, false),

  /** The database server does not answer. */
  DATABASE_UNAVAILABLE(ExitStatus.FAILED, true),
  /** The database server refused the user or password. */
  DATABASE_ACCESS_DENIED(ExitStatus.FAILED, false),
  /** The server has no database of that name. */
  DATABASE_NOT_FOUND(ExitStatus.FAILED, false),
  /** A statement failed on the database server. */
  DATABASE_FAILED(ExitStatus.FAILED, false),
  /** Server, client program or dump are of versions that do not go together. */
  VERSION_MISMATCH(ExitStatus.FAILED, false),
  /** The database server no longer has the write-ahead log that was asked for. */
  WAL_REMOVED(ExitStatus.FAILED, false),

  /** The reverse proxy's admin API does not answer. */
  PROXY_UNAVAILABLE(ExitStatus.FAILED, true),
  /** The reverse proxy's server finds an error in its configuration file. */
  PROXY_INVALID(ExitStatus.FAILED, false),
  /** The configuration file of the reverse proxy does not import what is written for a site. */
  PROXY_NOT_PREPARED(ExitStatus.FAILED, false),
  /** The reverse proxy refused a request or a configuration, or gave no answer that it could. */
  PROXY_FAILED(ExitStatus.FAILED, false),
  /** A site did not answer as it should after a change of the reverse proxy. */
  PROXY_PROBE_FAILED(ExitStatus.FAILED, false),

  /** Another machine cannot be reached, or does not answer. */
  HOST_UNAVAILABLE(ExitStatus.FAILED, true),
  /** Another machine is not the one that it should be: its host key is unknown or has changed. */
  HOST_KEY_REFUSED(ExitStatus.REFUSED, false),
  /** Another machine or a storage does not accept our key, or does not let us do this. */
  ACCESS_DENIED(ExitStatus.FAILED, false),

  /** A storage cannot be reached or used. */
  STORAGE_UNAVAILABLE(ExitStatus.FAILED, true),
  /** A storage or file system has no space left. */
  OUT_OF_SPACE(ExitStatus.FAILED, false),
  /** Another object of that name is stored already, with other content. */
  OBJECT_EXISTS(ExitStatus.FAILED, false),
  /** No object of that name is stored. */
  OBJECT_NOT_FOUND(ExitStatus.FAILED, false),

  /** No backup of that id, or none that fits. */
  BACKUP_NOT_FOUND(ExitStatus.FAILED, false),
  /** What is stored of a backup is not what its manifest says. */
  BACKUP_CORRUPT(ExitStatus.FAILED, false),
  /** A manifest or journal is of a format that this version does not know. */
  FORMAT_UNKNOWN(ExitStatus.FAILED, false),
  /** Another writer has taken over this environment's backups. */
  STALE_WRITER(ExitStatus.REFUSED, false),

  /** Files that were to be read are not there. */
  FILES_MISSING(ExitStatus.FAILED, false),

  /** Restored data is not what the manifest says that it must be. */
  VERIFICATION_FAILED(ExitStatus.FAILED, false),
  /** A precheck found a reason not to start. */
  PRECHECK_FAILED(ExitStatus.FAILED, false),
  /** A step of a recovery plan failed in a way that nobody foresaw. */
  STEP_FAILED(ExitStatus.FAILED, false),
  /** No execution of that id. */
  EXECUTION_NOT_FOUND(ExitStatus.FAILED, false),
  /** The journal of an execution has been damaged or changed. */
  JOURNAL_DAMAGED(ExitStatus.FAILED, false),

  /** Somebody else holds the lock. */
  LOCKED(ExitStatus.LOCKED, true),
  /** Refused because it could destroy something that was not confirmed. */
  REFUSED(ExitStatus.REFUSED, false),
  /** The work was interrupted. */
  INTERRUPTED(ExitStatus.INTERRUPTED, true),
  /** A file of the state directory or a temporary file cannot be read or written. */
  LOCAL_FILE(ExitStatus.FAILED, false);

  private final ExitStatus exitStatus;
  private final boolean retryable;

  ErrorCode(ExitStatus exitStatus, boolean retryable) {
    this.exitStatus = exitStatus;
    this.retryable = retryable;
  }

  public ExitStatus exitStatus() {
    return exitStatus;
  }

  /** Whether doing the same again, a little later, can help. */
  public boolean retryable() {
    return retryable;
  }
}
