package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/** A role of the database server and where its password is. */
public record Login(
    @Key("role of the database server") String user,
    @Key("where the password is") Optional<SecretReference> password) {
  public Login {
    requireNonNull(password, "password");
    Rules.of("login").check(!user.isEmpty(), "user", "nothing", "a role").enforce();
  }
}
