package dev.drp.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoggingTest {
  private final List<String> lines = new ArrayList<>();
  private final LoggerContext context = new LoggerContext();

  @AfterEach
  void useTheUsual() {
    Logging.use(Logging.Verbosity.QUIET, System.err::println);
  }

  /** A connection is prepared, which sets logging up, before the options were read. */
  @Test
  void logsAsMuchAsIsSaidLater() {
    Logging.use(Logging.Verbosity.QUIET, lines::add);
    new Logging().configure(context);
    context.getLogger("dev.drp.recovery").info("not told");
    context.getLogger("net.schmizz.sshj").error("not told either");

    Logging.use(Logging.Verbosity.VERBOSE, lines::add);
    context.getLogger("dev.drp.recovery").info("told");
    context.getLogger("net.schmizz.sshj").error("told, too");

    assertThat(lines).hasSize(2).first().asString().endsWith(" info recovery: told");
  }

  @Test
  void isWhatTheProgramLogsWith() {
    Logging.use(Logging.Verbosity.VERBOSE, lines::add);
    LoggingProvider provider = new LoggingProvider();
    provider.initialize();

    provider.getLoggerFactory().getLogger("dev.drp.recovery").info("told");

    assertThat(lines).singleElement().asString().endsWith(" info recovery: told");
  }
}
