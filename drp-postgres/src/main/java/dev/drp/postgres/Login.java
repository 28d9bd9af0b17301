package dev.drp.postgres;

import static java.util.Objects.requireNonNull;

import dev.drp.Secret;
import java.util.Optional;

/** The role that a server is used as. */
record Login(String user, Optional<Secret> password) {
  Login {
    requireNonNull(user, "user");
    requireNonNull(password, "password");
  }
}
