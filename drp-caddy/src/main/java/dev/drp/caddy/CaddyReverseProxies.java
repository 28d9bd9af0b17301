package dev.drp.caddy;

import dev.drp.proxy.ProxyTarget;
import dev.drp.proxy.ReverseProxies;
import dev.drp.proxy.ReverseProxy;
import dev.drp.runtime.CommandRunner;

/** Caddy for every environment. Safe for concurrent use. */
public final class CaddyReverseProxies implements ReverseProxies {
  private final CommandRunner programs;

  /**
   * Restarts with this runner.
   *
   * @param programs where the plan's restart commands are run
   */
  public CaddyReverseProxies(CommandRunner programs) {
    this.programs = programs;
  }

  @Override
  public ReverseProxy of(ProxyTarget target) {
    return new CaddyReverseProxy(target, programs);
  }
}
