package dev.drp.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends logs to standard error. Found by logback as a service when something logs for the first
 * time, so that a command that logs nothing does not wait for logback.
 */
public final class Logging extends ContextAwareBase implements Configurator {
  private static final Object LOCK = new Object();
  private static volatile Verbosity verbosity = Verbosity.QUIET;
  private static volatile Consumer<String> lines = System.err::println;
  private static @Nullable LoggerContext configured;

  /** How much is logged, by us and by libraries. */
  enum Verbosity {
    QUIET,
    VERBOSE,
    DEBUG
  }

  /** Counts for what is logged from now on. */
  static void use(Verbosity howMuch, Consumer<String> output) {
    synchronized (LOCK) {
      verbosity = howMuch;
      lines = output;
      if (configured != null) {
        setLevels(configured);
      }
    }
  }

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    Lines appender = new Lines();
    appender.setContext(context);
    appender.start();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
    synchronized (LOCK) {
      configured = context;
      setLevels(context);
    }
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static void setLevels(LoggerContext context) {
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(libraries(verbosity));
    context.getLogger("dev.drp").setLevel(ours(verbosity));
    // sshj logs as errors what it throws as well
    context.getLogger("net.schmizz").setLevel(verbosity == Verbosity.QUIET ? Level.OFF : null);
  }

  private static Level ours(Verbosity verbosity) {
    return switch (verbosity) {
      case QUIET -> Level.WARN;
      case VERBOSE -> Level.INFO;
      case DEBUG -> Level.DEBUG;
    };
  }

  private static Level libraries(Verbosity verbosity) {
    return switch (verbosity) {
      case QUIET -> Level.ERROR;
      case VERBOSE -> Level.WARN;
      case DEBUG -> Level.INFO;
    };
  }

  private static final class Lines extends AppenderBase<ILoggingEvent> {
    @Override
    protected void append(ILoggingEvent event) {
      lines.accept(
          "%s %s %s: %s"
              .formatted(
                  Instant.ofEpochMilli(event.getTimeStamp()).truncatedTo(ChronoUnit.MILLIS),
                  event.getLevel().toString().toLowerCase(Locale.ROOT),
                  event.getLoggerName().replaceFirst(".*\\.", ""),
                  event.getFormattedMessage()));
      IThrowableProxy thrown = event.getThrowableProxy();
      if (thrown == null) {
        return;
      }
      if (verbosity == Verbosity.DEBUG) {
        ThrowableProxyUtil.asString(thrown).lines().forEach(lines);
      } else {
        lines.accept("  because of %s: %s".formatted(thrown.getClassName(), thrown.getMessage()));
      }
    }
  }
}
