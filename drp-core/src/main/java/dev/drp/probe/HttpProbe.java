package dev.drp.probe;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/** Asks addresses whether they answer. Safe for concurrent use. */
public interface HttpProbe {
  /**
   * Asks once, with GET, and reads the whole answer. Redirects are followed on the same host only.
   * Never throws but INTERRUPTED.
   *
   * @param limit for all of it, the name's resolution included
   */
  Answer ask(URI address, Duration limit);

  /**
   * What came of it.
   *
   * @param status the HTTP status; empty where none came
   * @param took until the answer was complete, or was given up
   * @param problem why it is not good, for people; empty text when it is: a status of 200 to 299
   */
  record Answer(URI address, Optional<Integer> status, Duration took, String problem) {
    public Answer {
      requireNonNull(address, "address");
      requireNonNull(status, "status");
      requireNonNull(took, "took");
      requireNonNull(problem, "problem");
    }

    public boolean isGood() {
      return problem.isEmpty();
    }
  }
}
