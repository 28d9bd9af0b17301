package dev.drp.proxy;

import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.Site;
import dev.drp.plan.SiteAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;

/** The fake keeps the contract, so that tests may rely on it. */
class FakeProxyServerTest extends ReverseProxyContract {
  private static final Upstream ELSEWHERE = Upstream.parse("127.0.0.1:8001");
  private static final ContingencyPlan PLAN =
      ContingencyPlan.builder("shop")
          .site(Site.local("primary"))
          .environment(environment("production", APP))
          .environment(environment("staging", STAGING))
          .build();

  private final FakeProxyServer server = new FakeProxyServer();

  private static Environment environment(String name, String host) {
    return Environment.builder(name, "primary")
        .proxy(
            ProxySettings.of(
                Path.of("/etc/caddy/Caddyfile"),
                URI.create("http://127.0.0.1:2019"),
                List.of(SiteAddress.parse("http://" + host))))
        .build();
  }

  @BeforeEach
  void startServer() {
    server.edit(APP, 200, "app");
    server.edit(STAGING, 200, "staging");
    server.upstream(ELSEWHERE, 200, "elsewhere");
    production();
    staging();
    server.start();
  }

  @Override
  protected ReverseProxy production() {
    return server.of(ProxyTarget.of(PLAN, "production"));
  }

  @Override
  protected ReverseProxy staging() {
    return server.of(ProxyTarget.of(PLAN, "staging"));
  }

  @Override
  protected String visit(String host) {
    return server.visit(host);
  }

  @Override
  protected void edit(String host, int status, String text) {
    server.edit(host, status, text);
  }

  @Override
  protected void breakFile() {
    server.breakFile();
  }

  @Override
  protected void mendFile() {
    server.mendFile();
  }

  @Override
  protected void removeImport(String host) {
    server.removeImport(host);
  }

  @Override
  protected void kill() {
    server.kill();
  }

  @Override
  protected void start() {
    server.start();
  }

  @Override
  protected Upstream elsewhere() {
    return ELSEWHERE;
  }

  @Override
  protected Upstream nowhere() {
    return Upstream.parse("127.0.0.1:1");
  }
}
