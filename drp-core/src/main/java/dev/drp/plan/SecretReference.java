package dev.drp.plan;

import static java.util.Objects.requireNonNull;

import dev.drp.Secret;
import java.nio.file.Path;

/** Where a secret is to be found. The plan holds references only, never the secret itself. */
public sealed interface SecretReference {
  /** What the plan file accepts. */
  String EXPECTED = "a reference: env:NAME, file:PATH or env-file:PATH#NAME";

  /** A variable of the environment that drp runs in. */
  record Variable(String name) implements SecretReference {
    public Variable {
      SecretFiles.checkVariable(name);
    }

    @Override
    public Secret resolve() {
      return SecretFiles.variable(this, System.getenv());
    }

    @Override
    public String toString() {
      return "env:" + name;
    }
  }

  /** A file that holds the secret and nothing else; one line end after it does not count. */
  record WholeFile(Path path) implements SecretReference {
    public WholeFile {
      requireNonNull(path, "path");
    }

    @Override
    public Secret resolve() {
      return SecretFiles.wholeFile(this);
    }

    @Override
    public String toString() {
      return "file:" + path;
    }
  }

  /** A variable in a file of {@code NAME=value} lines, as Compose reads it. */
  record EnvFile(Path path, String name) implements SecretReference {
    public EnvFile {
      requireNonNull(path, "path");
      SecretFiles.checkVariable(name);
    }

    @Override
    public Secret resolve() {
      return SecretFiles.envFile(this);
    }

    @Override
    public String toString() {
      return "env-file:" + path + "#" + name;
    }
  }

  /**
   * Looks the secret up, anew each time, so that a rotated one is seen.
   *
   * @throws dev.drp.RecoveryException with SECRET_UNAVAILABLE
   */
  Secret resolve();
}
