package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** A PostgreSQL of this machine. */
class MainPathOnHostTest extends MainPathTest {
  private static final String MARK = "DRP_IT_MAIN_PATH";
  private static final Pattern SANDBOX = Pattern.compile("/[^ =]+/drp-sandbox-[^ /]+");

  private static HostPostgres server;

  @BeforeAll
  static void startServer() {
    server = HostPostgres.start();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Override
  String environment() {
    return """
    host: %s
    port: %d
    user: %s
    tools: %s
    """
        .formatted(server.host(), server.port(), server.user(), HostPostgres.binFolder());
  }

  @Override
  String sql(String database, String statement) {
    return server.sql(database, statement);
  }

  @Override
  JsonNode drill() throws Exception {
    String mark = UUID.randomUUID().toString();
    AtomicReference<Path> sandbox = new AtomicReference<>();

    Process drill = cli().with(MARK, mark).start(inJson("drill", "restore", "production"));
    Shop.await(
        () -> {
          Matcher server = SANDBOX.matcher(String.join("\n", Programs.running(MARK, mark)));
          if (server.find()) {
            sandbox.set(Path.of(server.group()));
          }
          return sandbox.get() != null;
        });
    JsonNode report = json(0, Cli.finish(drill));

    assertThat(sandbox.get()).doesNotExist();
    assertThat(Programs.running(MARK, mark)).isEmpty();
    return report;
  }
}
