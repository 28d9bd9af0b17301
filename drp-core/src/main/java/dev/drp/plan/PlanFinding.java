package dev.drp.plan;

import java.util.Locale;
import java.util.OptionalInt;

/**
 * A contradiction or gap that the plan shows by itself.
 *
 * @param path property path that it is about
 * @param line line of the plan file, from 1; empty for a plan made in code
 * @param message what is wrong, in the plan's language
 */
public record PlanFinding(Rule rule, String path, OptionalInt line, String message) {
  /** What is looked for. The names are stable. */
  public enum Rule {
    /** Backups are taken less often than the recovery point allows. */
    RECOVERY_POINT_NOT_KEPT,
    /** The same, for the recovery point that a recovery plan promises. */
    RECOVERY_PLAN_POINT_NOT_KEPT,
    /** A recovery plan may take longer than its environment may be away. */
    RECOVERY_PLAN_TOO_SLOW,
    /** One outage as long as the recovery time breaks the availability of a month. */
    AVAILABILITY_NOT_KEPT,
    /** An environment has something to lose and no backup schedule. */
    NO_BACKUP,
    /** No backup of an environment leaves its site. */
    NO_OFF_SITE_BACKUP,
    /** The last backup expires before the next one is taken. */
    KEPT_TOO_SHORT,
    /** Two storages of a schedule are the same folder. */
    SAME_FOLDER,
    /** A schedule would store secrets unencrypted away from the machine, and is refused. */
    SECRETS_UNENCRYPTED,
    /** The recovery of an environment is never rehearsed. */
    NO_DRILL,
    /** A destructive drill of a protected environment will be refused. */
    DRILL_REFUSED,
    /** The plan is due for review. */
    REVIEW_OVERDUE,
    /** A secret or certificate is past its last day. */
    CREDENTIAL_EXPIRED,
    /** Two environments are one Compose project. */
    SAME_COMPOSE_PROJECT,
    /** Two environments are one database. */
    SAME_DATABASE,
    /** Two environments claim the same site of a reverse proxy. */
    SAME_PROXY_SITE,
    /** A production environment is not protected. */
    PRODUCTION_NOT_PROTECTED,
    /** Something was never filled in. */
    PLACEHOLDER,
    /** Somebody is to be called, and the plan does not say how. */
    CONTACT_WITHOUT_ADDRESS;

    /** The rule's name in files and output: {@code no-backup}. */
    public String id() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
