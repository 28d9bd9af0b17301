package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.caddy.CaddyProcess;
import dev.drp.caddy.Visit;
import dev.drp.it.support.Cli;
import dev.drp.it.support.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Caddy that two environments share, through the command line. */
class ProxyTest {
  private static final String APP = "app.localhost";
  private static final String STAGING = "staging.localhost";

  @TempDir private Path folder;
  private CaddyProcess caddy;

  @BeforeEach
  void aCaddyAndAPlan() throws IOException {
    caddy = new CaddyProcess(Files.createDirectory(folder.resolve("caddy")));
    serve("app");
    caddy.start();
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            proxy:
              caddyfile: %1$s
              admin: %2$s
              sites: ['http://app.localhost:%3$d']
              restart: [%4$s]
          staging:
            site: primary
            proxy: { caddyfile: %1$s, admin: '%2$s', sites: ['http://staging.localhost:%3$d'] }
        """
            .formatted(
                caddy.caddyfile(),
                caddy.admin(),
                caddy.httpPort(),
                String.join(", ", caddy.restartCommand())));
  }

  @AfterEach
  void endCaddy() {
    if (caddy != null) {
      caddy.close();
    }
  }

  private void serve(String app) {
    String site = "http://%s:%d {\n\tbind 127.0.0.1\n\timport drp.d/%s.*\n\trespond \"%s\"\n}\n";
    caddy.configure(
        site.formatted(APP, caddy.httpPort(), "production", app)
            + site.formatted(STAGING, caddy.httpPort(), "staging", "staging"));
  }

  private Programs.Result drp(String... arguments) {
    String[] all = new String[arguments.length + 2];
    all[0] = "--state";
    all[1] = folder.resolve("state").toString();
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Cli.in(folder).run(all);
  }

  private String visit(String host) {
    return Visit.of(host, caddy.httpPort(), "/");
  }

  @Test
  void theMaintenancePageSurvivesWhateverHappensToCaddy() {
    assertThat(drp("proxy", "check", "production").stdout()).contains("drp proxy apply production");
    drp("proxy", "apply", "production").requireSuccess();
    drp("proxy", "maintenance", "on", "production").requireSuccess();
    assertThat(visit(APP)).startsWith("503");
    assertThat(visit(STAGING)).isEqualTo("200 staging");

    caddy.kill();
    Programs.Result down = drp("--output", "json", "proxy", "maintenance", "off", "production");
    assertThat(down.exitCode()).isEqualTo(1);
    assertThat(down.stdout()).contains("PROXY_UNAVAILABLE");

    drp("proxy", "restart", "production").requireSuccess();
    assertThat(visit(APP)).startsWith("503");
    assertThat(drp("--output", "json", "proxy", "status", "production").requireSuccess().stdout())
        .contains("\"maintenance\": true", "\"applied\": true", "\"status\": 503");

    drp("proxy", "maintenance", "off", "production").requireSuccess();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void refusesWhatIsNotTheEnvironmentsAndSaysWhatIsWrong() {
    drp("proxy", "apply", "production").requireSuccess();
    serve("new");

    Programs.Result refused = drp("proxy", "apply", "staging");

    assertThat(refused.exitCode()).isEqualTo(6);
    assertThat(refused.stderr()).contains(APP, "--whole");
    assertThat(visit(APP)).isEqualTo("200 app");
    assertThat(drp("proxy", "restart", "staging").exitCode()).isEqualTo(2);
    drp("proxy", "apply", "production").requireSuccess();
    assertThat(visit(APP)).isEqualTo("200 new");
  }
}
