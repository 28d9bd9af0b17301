package dev.drp.proxy;

import java.util.List;

/**
 * The reverse proxy of one environment. Other environments may share the server; nothing that is
 * done here changes their sites, unless {@link Reach#WHOLE_PROXY} says so.
 *
 * <p>The configuration file is the source: what is done is written there (in a file that it
 * imports) and survives a restart of the server. A change is complete or has no effect: where the
 * server refuses it (PROXY_FAILED), or a site does not answer afterwards as it should
 * (PROXY_PROBE_FAILED), the file and the server have again what they had before.
 *
 * <p>Every change may be repeated, at any time and also after the process was killed in the midst
 * of it: it then ends as if it had been done once. Done already: no effect, but for the probes.
 * Each method that changes something tells what became different in the server, and throws LOCKED
 * while another process changes the same server.
 *
 * <p>Every method may throw PROXY_UNAVAILABLE when the server does not answer, PROXY_INVALID, with
 * file, line and the server's words, when it finds an error in its configuration file, and
 * PROXY_NOT_PREPARED, with the line to add, when a site does not import the environment's file.
 * Safe for concurrent use.
 */
public interface ReverseProxy {
  /** How much of the server a change may touch. */
  enum Reach {
    /** REFUSED where it would change sites of other environments. */
    OWN_SITES,
    WHOLE_PROXY
  }

  /** Lets the server look at its configuration file, and compares with what runs. No effects. */
  ConfigurationCheck check();

  /** Brings what the configuration file says into the server. */
  List<ConfigurationChange> apply(Reach reach);

  /** Visitors get a page that says 503 and when to come back; those whom the plan allows do not. */
  List<ConfigurationChange> startMaintenance();

  /** Visitors get the sites again. Where these do not answer, the maintenance goes on. */
  List<ConfigurationChange> endMaintenance();

  /**
   * Sends all requests of a site elsewhere, whatever the configuration file says of it. NOT_IN_PLAN
   * for a site that is not the environment's.
   *
   * @param host the site's name
   */
  List<ConfigurationChange> route(String host, Upstream upstream);

  /** Undoes {@link #route}. */
  List<ConfigurationChange> routeAsConfigured(String host);

  /**
   * Restarts the server by the plan's command, also one that does not answer, and waits until it
   * runs what the configuration file says and the probes are well. An invalid file: PROXY_INVALID,
   * and no restart. NOT_IN_PLAN when the plan has no command.
   *
   * @param reach what the file may change for others: a restart loads all of it
   */
  void restart(Reach reach);

  /**
   * How everything is, with what cannot be told among its problems: throws only where the file that
   * is written for the environment cannot be read.
   */
  ProxyStatus status();
}
