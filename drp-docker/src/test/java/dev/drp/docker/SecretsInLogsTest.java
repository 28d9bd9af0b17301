package dev.drp.docker;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.drp.Secret;
import dev.drp.runtime.Command;
import dev.drp.runtime.ThrowawayContainer;
import dev.drp.runtime.ThrowawayRequest;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/** docker-java logs whole requests when it is asked for debug output. */
@Tag("docker")
@Isolated("it changes what is logged")
class SecretsInLogsTest {
  private static final Map<String, Secret> SECRET = Map.of("DRP_TEST", new Secret("hush-hush"));

  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final Logger dockerJava = (Logger) LoggerFactory.getLogger("com.github.dockerjava");
  private final Logger own = (Logger) LoggerFactory.getLogger("dev.drp");
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void logEverything() {
    log.start();
    for (Logger logger : List.of(dockerJava, own)) {
      logger.setLevel(Level.TRACE);
      logger.setAdditive(false);
      logger.addAppender(log);
    }
  }

  @AfterEach
  void logAsBefore() {
    for (Logger logger : List.of(dockerJava, own)) {
      logger.setLevel(root.getLevel());
      logger.setAdditive(true);
      logger.detachAppender(log);
    }
  }

  @Test
  void noSecretIsLogged() {
    ThrowawayRequest request =
        new ThrowawayRequest(
            "test-" + UUID.randomUUID(),
            TestContainers.imageId(),
            SECRET,
            List.of("sleep", "3600"),
            OptionalLong.empty(),
            OptionalLong.empty());
    try (ThrowawayContainer throwaway = TestContainers.RUNTIME.startThrowaway(request)) {
      TestContainers.RUNTIME
          .commandsIn(throwaway.container())
          .run(Command.of("true").withEnvironment(SECRET));
    }

    assertThat(log.list).isNotEmpty();
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .noneMatch(line -> line.contains("hush"));
  }
}
