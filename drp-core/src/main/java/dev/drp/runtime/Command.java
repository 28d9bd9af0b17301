package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import dev.drp.Secret;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A program to run, with its arguments as they are: no shell in between, nothing to quote.
 *
 * @param arguments the program and its arguments; never holds a secret, as anybody on the machine
 *     can read them
 * @param environment variables set for the program in addition to those that it inherits
 * @param user the account to run it as; the runner's own when empty
 * @param timeLimit how long it may run before it is ended and {@code TIMED_OUT} is thrown
 */
public record Command(
    List<String> arguments,
    Map<String, Secret> environment,
    Optional<String> user,
    Duration timeLimit) {
  /** The time limit of a command that names none. */
  public static final Duration DEFAULT_TIME_LIMIT = Duration.ofMinutes(1);

  public Command {
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
    requireNonNull(user, "user");
    requireNonNull(timeLimit, "timeLimit");
    if (arguments.isEmpty()) {
      throw new IllegalArgumentException("a command needs a program");
    }
  }

  public static Command of(String... arguments) {
    return of(List.of(arguments));
  }

  public static Command of(List<String> arguments) {
    return new Command(arguments, Map.of(), Optional.empty(), DEFAULT_TIME_LIMIT);
  }

  public Command withEnvironment(Map<String, Secret> variables) {
    return new Command(arguments, variables, user, timeLimit);
  }

  public Command asUser(String account) {
    return new Command(arguments, environment, Optional.of(account), timeLimit);
  }

  public Command within(Duration limit) {
    return new Command(arguments, environment, user, limit);
  }

  public String program() {
    return arguments.get(0);
  }
}
