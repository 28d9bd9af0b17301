package dev.drp.cli;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * Logback as {@link Logging} configures it, found by its name: else SLF4J looks for providers and
 * logback for configurations in every jar, and to open them all takes 0.05 s.
 */
public final class LoggingProvider implements SLF4JServiceProvider {
  private static final String SLF4J_API = "2.0.99"; // any 2.0, as logback's own provider says

  private final LoggerContext context = new LoggerContext();
  private final BasicMarkerFactory markers = new BasicMarkerFactory();
  private final LogbackMDCAdapter diagnosticContext = new LogbackMDCAdapter();

  /** For this process, before anything logs. */
  static void install() {
    System.setProperty("slf4j.provider", LoggingProvider.class.getName());
    System.setProperty("slf4j.internal.verbosity", "WARN"); // else it tells that it does as told
  }

  @Override
  public void initialize() {
    context.setMDCAdapter(diagnosticContext);
    Logging logging = new Logging();
    logging.setContext(context);
    logging.configure(context);
    context.start();
  }

  @Override
  public ILoggerFactory getLoggerFactory() {
    return context;
  }

  @Override
  public IMarkerFactory getMarkerFactory() {
    return markers;
  }

  @Override
  public MDCAdapter getMDCAdapter() {
    return diagnosticContext;
  }

  @Override
  public String getRequestedApiVersion() {
    return SLF4J_API;
  }
}
