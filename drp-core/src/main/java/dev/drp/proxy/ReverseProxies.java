package dev.drp.proxy;

/** Finds the reverse proxy of an environment. Safe for concurrent use. */
public interface ReverseProxies {
  /** Reaches for nothing yet. */
  ReverseProxy of(ProxyTarget target);
}
