package dev.drp.caddy;

import dev.drp.proxy.ReverseProxy;
import dev.drp.proxy.ReverseProxyContract;
import dev.drp.proxy.Upstream;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The adapter keeps the contract, with a real Caddy. */
class CaddyReverseProxyContractTest extends ReverseProxyContract {
  @TempDir private Path folder;
  private CaddyFixture fixture;

  @BeforeEach
  void startCaddy() {
    fixture = new CaddyFixture(folder).prepared();
  }

  @AfterEach
  void endCaddy() {
    if (fixture != null) {
      fixture.close();
    }
  }

  @Override
  protected ReverseProxy production() {
    return fixture.production();
  }

  @Override
  protected ReverseProxy staging() {
    return fixture.staging();
  }

  @Override
  protected String visit(String host) {
    return fixture.visit(host);
  }

  @Override
  protected void edit(String host, int status, String text) {
    fixture.edit(host, status, text);
  }

  @Override
  protected void breakFile() {
    fixture.append("broken.localhost {\n\tno_such_directive\n}\n");
  }

  @Override
  protected void mendFile() {
    fixture.append("");
  }

  @Override
  protected void removeImport(String host) {
    fixture.wholeBlock(host, "respond \"app\"");
  }

  @Override
  protected void kill() {
    fixture.caddy.kill();
  }

  @Override
  protected void start() {
    fixture.caddy.start();
  }

  @Override
  protected Upstream elsewhere() {
    return fixture.upstreamElsewhere();
  }

  @Override
  protected Upstream nowhere() {
    return new Upstream(false, "127.0.0.1", CaddyProcess.freePort());
  }
}
