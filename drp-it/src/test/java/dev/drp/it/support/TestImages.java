package dev.drp.it.support;

import java.util.Optional;

/** Names of the images that tests use; {@code tools/image} provides them. */
public final class TestImages {
  private TestImages() {}

  /** PostgreSQL 15, the official image or a stand-in with the same contract. */
  public static String postgres() {
    return Optional.ofNullable(System.getenv("DRP_IT_POSTGRES_IMAGE")).orElse("drp-it/postgres:15");
  }

  /** PostgreSQL 17, likewise. */
  public static String postgres17() {
    return Optional.ofNullable(System.getenv("DRP_IT_POSTGRES17_IMAGE"))
        .orElse("drp-it/postgres17:17");
  }
}
