package dev.drp.caddy;

import com.sun.net.httpserver.HttpServer;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.Site;
import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ProxyTarget;
import dev.drp.proxy.ReverseProxy.Reach;
import dev.drp.proxy.Upstream;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A Caddy with the sites of two environments, and a server that is no upstream of theirs yet. */
final class CaddyFixture implements AutoCloseable {
  static final String APP = "app.localhost";
  static final String STAGING = "staging.localhost";

  final CaddyProcess caddy;
  private final HttpServer elsewhere;
  private final Map<String, String> blocks = new LinkedHashMap<>();
  private Limits limits =
      new Limits(Duration.ofSeconds(20), Duration.ofMinutes(1), Duration.ofMinutes(2));
  private String further = "";
  private UnaryOperator<ProxySettings> more = settings -> settings;

  CaddyFixture(Path folder) {
    caddy = new CaddyProcess(folder);
    try {
      elsewhere = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    elsewhere.createContext(
        "/",
        exchange -> {
          byte[] text = "elsewhere".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, text.length);
          exchange.getResponseBody().write(text);
          exchange.close();
        });
    elsewhere.start();
    edit(APP, 200, "app");
    edit(STAGING, 200, "staging");
  }

  /** Started, with the files of both environments applied. */
  CaddyFixture prepared() {
    caddy.start();
    production().apply(Reach.WHOLE_PROXY);
    staging().apply(Reach.WHOLE_PROXY);
    return this;
  }

  void settings(UnaryOperator<ProxySettings> changed) {
    more = changed;
  }

  void limits(Limits changed) {
    limits = changed;
  }

  ProxySettings productionSettings() {
    return plan().environment("production").requireProxy();
  }

  CaddyReverseProxy production() {
    return proxy("production");
  }

  CaddyReverseProxy staging() {
    return proxy("staging");
  }

  private CaddyReverseProxy proxy(String environment) {
    return new CaddyReverseProxy(
        ProxyTarget.of(plan(), environment), new LocalCommandRunner(), limits);
  }

  private ContingencyPlan plan() {
    return ContingencyPlan.builder("shop")
        .site(Site.local("primary"))
        .environment(environment("production", APP))
        .environment(environment("staging", STAGING))
        .build();
  }

  private Environment environment(String name, String host) {
    return Environment.builder(name, "primary")
        .proxy(
            more.apply(
                ProxySettings.of(
                        caddy.caddyfile(),
                        caddy.admin(),
                        List.of(new SiteAddress(false, host, caddy.httpPort())))
                    .withProbeWithin(Duration.ofSeconds(3))
                    .withRestart(caddy.restartCommand())))
        .build();
  }

  /** Writes another answer of a site into the Caddyfile. */
  void edit(String host, int status, String text) {
    block(host, "respond \"%s\" %d".formatted(text, status));
  }

  /** Writes other directives of a site. */
  void block(String host, String directives) {
    String environment = host.equals(APP) ? "production" : "staging";
    wholeBlock(host, ProxySettings.importLine(environment) + "\n\t" + directives);
  }

  void wholeBlock(String host, String directives) {
    blocks.put(
        host,
        "http://%s:%d {\n\tbind 127.0.0.1\n\t%s\n}\n"
            .formatted(host, caddy.httpPort(), directives));
    write();
  }

  /** Writes something behind the sites. */
  void append(String text) {
    further = text;
    write();
  }

  private void write() {
    caddy.configure(String.join("", blocks.values()) + further);
  }

  /** Status and text; empty if nobody answers. */
  String visit(String host) {
    return Visit.of(host, caddy.httpPort(), "/");
  }

  Upstream upstreamElsewhere() {
    return new Upstream(false, "127.0.0.1", elsewhere.getAddress().getPort());
  }

  @Override
  public void close() {
    elsewhere.stop(0);
    caddy.close();
  }
}
