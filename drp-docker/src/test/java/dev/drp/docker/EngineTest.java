package dev.drp.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineTest {
  private static final String STARTED = "HTTP/1.1 204 No Content\r\n\r\n";
  private static final String BEGUN =
      refusal("Cannot restart container 59: task 59: already exists");
  private static final String BROKEN = refusal("driver failed programming external connectivity");

  private static String refusal(String message) {
    String body = "{\"message\":\"%s\"}".formatted(message);
    return "HTTP/1.1 500 Internal Server Error\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(body.length(), body);
  }

  private static void start(Answers answers) {
    new Engine(answers)
        .start(Duration.ZERO, docker -> docker.restartContainerCmd("59").withTimeout(1).exec());
  }

  @Test
  void startsAgainWhatAnEngineThatWasStoppedHadBegunToStart() {
    Answers answers = new Answers(BEGUN, STARTED);

    start(answers);

    assertThat(answers.left).isEmpty();
  }

  @Test
  void doesNotAskAgainWhereTheEngineRefusesForAnotherReason() {
    Answers answers = new Answers(BROKEN, STARTED);

    assertThatThrownBy(() -> start(answers))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_FAILED))
        .hasMessageContaining("driver failed");
    assertThat(answers.left).hasSize(1);
  }

  /** An engine that gives them one after the other. */
  private static final class Answers implements StreamOpener {
    private final Deque<String> left;

    Answers(String... answers) {
      left = new ArrayDeque<>(List.of(answers));
    }

    @Override
    public DuplexStream open(Duration limit) {
      return new Answer(new ByteArrayInputStream(left.remove().getBytes(UTF_8)));
    }

    @Override
    public String target() {
      return "a script";
    }
  }

  private record Answer(InputStream input) implements DuplexStream {
    @Override
    public OutputStream output() {
      return OutputStream.nullOutputStream();
    }

    @Override
    public void close() {
      // nothing is held
    }
  }
}
