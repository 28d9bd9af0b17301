package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * How to tell which migrations of the application's schema restored data lacks: an older backup has
 * an older schema than the image that runs now expects.
 */
public record Migrations(
    @Key("service of the Compose project in whose image, with whose variables, the programs run")
        String service,
    @Key(
            "program and arguments that print a line for each migration that the data lacks,"
                + " nothing when it lacks none, and change nothing")
        List<String> pending,
    @Key("program and arguments that apply what is pending") List<String> apply,
    @Key(value = "what is done with pending ones after a restore", defaultsTo = "report")
        AfterRestore afterRestore) {
  /** What is done with pending migrations after a restore. */
  public enum AfterRestore {
    /** They are named, and left to a person, or to the application as it starts. */
    REPORT,
    /** They are applied before the application starts. */
    APPLY
  }

  public Migrations {
    pending = List.copyOf(pending);
    apply = List.copyOf(apply);
    requireNonNull(afterRestore, "afterRestore");
    Rules.of("migrations")
        .check(!service.isBlank(), "service", Text.quote(service), "a service")
        .check(!pending.isEmpty(), "pending", "nothing", "a program and its arguments")
        .check(
            afterRestore == AfterRestore.REPORT || !apply.isEmpty(),
            "apply",
            "nothing",
            "a program and its arguments, as after-restore is apply")
        .enforce();
  }
}
