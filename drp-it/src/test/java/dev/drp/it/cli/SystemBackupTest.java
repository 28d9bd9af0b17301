package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.ComposeProject;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.it.support.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configuration and system backups of a Compose project, through the command line. */
@Tag("docker")
@Order(1) // one of the longest
class SystemBackupTest {
  private static final String COMPOSE =
      """
      services:
        database:
          image: %1$s
          pull_policy: never
          labels: [%2$s]
          environment: { POSTGRES_USER: owner, POSTGRES_PASSWORD: correct horse, POSTGRES_DB: app }
          volumes: ["data:/var/lib/postgresql/data"]
          healthcheck:
            # A check is a new process in the container, with Debian's wrapper a Perl: few, and without.
            test: exec /usr/lib/postgresql/*/bin/pg_isready --host=127.0.0.1 --username=owner --dbname=app
            interval: 2s
            timeout: 5s
            retries: 100
        proxy:
          image: %1$s
          pull_policy: never
          labels: [%2$s]
          entrypoint: ["sleep", "infinity"]
          stop_signal: SIGKILL
          env_file: [{ path: ../%3$s, required: false }]
          environment: { NOT_FILLED_IN: "${HOME}" }
          volumes: ["caddy:/data", "uploads:/srv/uploads"]
      volumes:
        data: { labels: [%2$s] }
        caddy: { labels: [%2$s] }
        uploads: { labels: [%2$s] }
      networks:
        default: { labels: [%2$s] }
      """;

  @TempDir private Path folder;
  private ComposeProject project;
  private Path outside;
  private Path caddyfile;
  private Path storage;

  @BeforeEach
  void start() throws IOException {
    outside = Files.createTempFile(Path.of(System.getProperty("java.io.tmpdir")), "drp-it", ".env");
    Files.writeString(outside, "JWT_SECRET=do not tell\n");
    storage = folder.resolve("storage");
    caddyfile = Files.writeString(folder.resolve("Caddyfile"), "shop.example.net\n");
    project =
        ComposeProject.start(
            COMPOSE.formatted(
                TestImages.postgres(), Programs.LABEL + "=" + Programs.RUN, outside.getFileName()));
    proxy(
        """
        mkdir -p /data/caddy/certificates /data/caddy/acme
        echo key > /data/caddy/certificates/shop.key
        chmod 600 /data/caddy/certificates/shop.key
        echo account > /data/caddy/acme/account.json
        echo picture > /srv/uploads/1.png; chown 33:33 /srv/uploads/1.png
        ln /srv/uploads/1.png /srv/uploads/same.png; ln -s 1.png /srv/uploads/link.png
        truncate -s 64M /srv/uploads/sparse
        """);
    project.sql("create table orders as select generate_series(1, 100) as id");
    writePlan("live", "");
  }

  @AfterEach
  void remove() throws IOException {
    project.close();
    Files.deleteIfExists(outside);
  }

  private void proxy(String script) {
    project.execute("proxy", "sh", "-ec", script);
  }

  private void writePlan(String consistency, String more) throws IOException {
    Path plan = folder.resolve("drp.yaml");
    Files.writeString(
        plan,
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            compose: { project: %s, directory: %s }
            database: { service: database, name: app, user: owner }
            configuration:
              - %s
              - { path: /data/caddy, service: proxy }
              - { path: /data/caddy/acme, service: proxy }
            volumes:
              - { name: %s_uploads, criticality: important, consistency: %s }
        storages:
          local: { directory: %s }
        %s
        """
            .formatted(
                project.name(),
                project.folder(),
                caddyfile,
                project.name(),
                consistency,
                storage,
                more));
    Files.setPosixFilePermissions(plan, PosixFilePermissions.fromString("rw-------"));
  }

  private Cli cli() {
    return Cli.in(folder);
  }

  private static String[] inJson(String... arguments) {
    return Stream.concat(Stream.of("--output", "json"), Stream.of(Shop.withState(arguments)))
        .toArray(String[]::new);
  }

  private JsonNode json(int exitCode, String... arguments) throws IOException {
    Programs.Result result = cli().run(inJson(arguments));
    assertThat(result.exitCode()).as(result.stdout() + result.stderr()).isEqualTo(exitCode);
    return new ObjectMapper().readTree(result.stdout());
  }

  private boolean proxyRuns() {
    return Programs.run(
            "docker", "inspect", "--format={{.State.Running}}", project.container("proxy"))
        .stdout()
        .strip()
        .equals("true");
  }

  private Path folderOf(JsonNode backup) throws IOException {
    try (Stream<Path> all = Files.walk(storage)) {
      return all.filter(it -> it.endsWith(backup.path("id").asText())).findFirst().orElseThrow();
    }
  }

  private static void assertNowhere(Path place, String secret) {
    assertThat(
            Programs.run(
                    "sh",
                    "-c",
                    "grep -rlF -- \"$2\" \"$1\" || true",
                    "sh",
                    place.toString(),
                    secret)
                .stdout())
        .isEmpty();
  }

  @Test
  void aSystemBackupIsOneUnitThatIsRestored() throws Exception {
    JsonNode backup = json(0, "backup", "production", "--kind", "system", "--images");

    assertThat(backup.path("database").asText()).isEqualTo("app");
    assertThat(backup.path("rows").asLong()).isEqualTo(100);
    List<String> paths = backup.path("files").path("archives").findValuesAsText("path");
    assertThat(paths)
        .contains(
            caddyfile.toString(),
            project.folder().toString(),
            outside.toString(),
            "/data/caddy",
            "/data",
            "/srv/uploads")
        .as("neither the database's, nor what its image declares for another service")
        .doesNotContain("/var/lib/postgresql/data");
    assertThat(backup.path("files").path("images").findValuesAsText("service"))
        .containsExactlyInAnyOrder("database", "proxy");
    assertThat(backup.path("warnings").toString())
        .contains("_data of database", "/var/lib/postgresql/data of proxy");
    assertThat(json(0, "backups", "verify").path("verifications").path(0).path("good").asBoolean())
        .isTrue();

    Path into = folder.resolve("into");
    json(0, "restore-configuration", "production", "--into", into.toString());

    assertThat(into.resolve("host" + project.folder() + "/compose.yaml"))
        .content()
        .contains("NOT_FILLED_IN: \"${HOME}\"");
    assertThat(into.resolve("host" + outside)).hasContent("JWT_SECRET=do not tell\n");
    assertThat(into.resolve("services/proxy/data/caddy/certificates/shop.key")).hasContent("key\n");
    Path uploads = into.resolve("volumes/" + project.name() + "_uploads");
    assertThat(Files.getAttribute(uploads.resolve("1.png"), "unix:uid")).isEqualTo(33);
    assertThat(Files.getAttribute(uploads.resolve("1.png"), "unix:nlink")).isEqualTo(2);
    assertThat(Files.readSymbolicLink(uploads.resolve("link.png"))).hasToString("1.png");
    assertThat(uploads.resolve("sparse")).hasSize(64 << 20);
    assertThat(
            Programs.run("tar", "--list", "--file", into.resolve("images.tar").toString()).stdout())
        .contains("manifest.json");

    assertThat(json(0, "drill", "restore", "production").path("outcome").asText())
        .startsWith("PASSED");
    project.sql("delete from orders");
    json(0, "restore", "production", "--backup", backup.path("id").asText(), "--confirm", "app");
    assertThat(project.sql("select count(*) from orders")).isEqualTo("100");
  }

  @Test
  void byHandItIsRestoredWithStandardTools() throws Exception {
    JsonNode backup = json(0, "backup", "production", "--kind", "system");
    Path into = folder.resolve("by-hand");

    Programs.run("sh", folderOf(backup).resolve("restore.sh").toString(), into.toString());

    assertThat(into.resolve("host" + caddyfile)).hasContent("shop.example.net\n");
    assertThat(into.resolve("services/proxy/data/caddy/acme/account.json")).exists();
    Path uploads = into.resolve("volumes/" + project.name() + "_uploads");
    assertThat(Files.getAttribute(uploads.resolve("1.png"), "unix:uid")).isEqualTo(33);
    assertThat(into.resolve("database.dump")).isNotEmptyFile();
    assertThat(folderOf(backup).resolve("restore-database.sh")).exists();
  }

  @Test
  void comparesWhatContainersAndTheMachineHave() throws Exception {
    json(0, "backup", "production", "--kind", "configuration");
    assertThat(json(0, "restore-configuration", "production", "--diff").path("differences"))
        .isEmpty();

    Files.writeString(caddyfile, "evil.example.net\n");
    proxy("rm /data/caddy/acme/account.json; echo other > /data/caddy/certificates/shop.key");

    JsonNode differences =
        json(3, "restore-configuration", "production", "--diff").path("differences");
    assertThat(differences.findValuesAsText("path"))
        .containsExactlyInAnyOrder(
            caddyfile.toString(),
            "/data/caddy/acme/account.json",
            "/data/caddy/certificates/shop.key");

    JsonNode applied =
        json(0, "restore-configuration", "production", "--apply", "--confirm", "production");
    assertThat(caddyfile).hasContent("shop.example.net\n");
    json(0, "restore-undo", applied.path("execution").asText(), "--confirm", "production");
    assertThat(caddyfile).hasContent("evil.example.net\n");
  }

  @Test
  void aBackupOfTheConfigurationIsNoRecoveryPoint() throws Exception {
    json(0, "backup", "production", "--kind", "configuration");

    JsonNode status = new ObjectMapper().readTree(cli().run(inJson("status")).stdout());

    assertThat(status.at("/environments/0/recoveryPoint/actualSeconds").isNull())
        .as(status.toString())
        .isTrue();
  }

  @Test
  void aVolumeWhoseServicesAreStoppedHasThemStartedAgain() throws Exception {
    writePlan("stopped", "");
    String before = startedAt();

    JsonNode backup = json(0, "backup", "production", "--kind", "system");

    assertThat(proxyRuns()).isTrue();
    assertThat(startedAt()).as("it was stopped").isNotEqualTo(before);
    for (JsonNode archive : backup.path("files").path("archives")) {
      boolean stopped = archive.path("path").asText().equals("/srv/uploads");
      assertThat(archive.path("consistency").asText()).isEqualTo(stopped ? "STOPPED" : "LIVE");
    }
  }

  private String startedAt() {
    return Programs.run(
            "docker", "inspect", "--format={{.State.StartedAt}}", project.container("proxy"))
        .stdout();
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT", "KILL"})
  void servicesRunAgainWhenTheBackupEndsWhileTheyAreStopped(String signal) throws Exception {
    writePlan("stopped", "");
    proxy("head -c 1500000000 /dev/urandom > /srv/uploads/large");
    Process backup = cli().start(inJson("backup", "production", "--kind", "system"));
    Shop.await(() -> !proxyRuns());
    assertThat(backup.isAlive()).isTrue();

    Programs.run("kill", "-" + signal, Long.toString(backup.pid()));

    Cli.finish(backup);
    Shop.await(this::proxyRuns);
    assertThat(json(0, "backups").path("backups")).isEmpty();
  }

  /** An engine goes on with a stop that it was asked for, and would undo a start before that. */
  @ParameterizedTest
  @ValueSource(strings = {"INT", "KILL"})
  void servicesRunAgainWhenTheBackupEndsWhileTheyAreBeingStopped(String signal) throws Exception {
    writePlan("stopped", "");
    letTheProxyStopSlowly();
    String before = startedAt();
    Process backup = cli().start(inJson("backup", "production", "--kind", "system"));
    Shop.await(() -> project.execute("proxy", "ls", "/tmp").contains("stopping"));

    Programs.run("kill", "-" + signal, Long.toString(backup.pid()));

    Cli.finish(backup);
    Shop.await(() -> proxyRuns() && !startedAt().equals(before));
  }

  private void letTheProxyStopSlowly() throws IOException {
    Path compose = project.folder().resolve("compose.yaml");
    String slowly =
        """
        ["sh", "-c", "trap 'touch /tmp/stopping; sleep 5; exit 0' TERM; while :; do sleep 0.1; done"]
        """;
    Files.writeString(
        compose,
        Files.readString(compose)
            .replace("[\"sleep\", \"infinity\"]", slowly.strip())
            .replace("stop_signal: SIGKILL", "stop_signal: SIGTERM"));
    project.compose("up", "--detach", "--wait");
  }

  @Test
  void whatAPowerFailureLeftStoppedRunsAgainWithTheNextBackup() throws Exception {
    json(0, "backup", "production", "--kind", "configuration");
    String id =
        Programs.run("docker", "inspect", "--format={{.Id}}", project.container("proxy"))
            .stdout()
            .strip();
    Path memory;
    try (Stream<Path> all = Files.walk(folder.resolve("state"))) {
      memory =
          all.filter(it -> it.endsWith("catalog.lock"))
              .findFirst()
              .map(Path::getParent)
              .orElseThrow();
    }
    Files.writeString(memory.resolve("stopped-containers"), id + "\tproxy\n");
    Programs.run("docker", "stop", "--time=0", id);

    json(0, "backup", "production", "--kind", "configuration");

    assertThat(proxyRuns()).isTrue();
  }

  @Test
  void encryptedItTellsNothingAndOnlyAnIdentityRestoresIt() throws Exception {
    AgeKey operator = AgeKey.generate(folder.resolve("operator.txt"));
    writePlan("live", "encryption: { recipients: [%s] }".formatted(operator.recipient()));

    JsonNode backup = json(0, "backup", "production", "--kind", "system");

    assertNowhere(storage, "do not tell");
    assertThat(json(0, "backups", "verify").path("verifications").path(0).path("good").asBoolean())
        .isTrue();
    Path into = folder.resolve("into");
    Programs.Result refused =
        cli().run(Shop.withState("restore-configuration", "production", "--into", into.toString()));
    assertThat(refused.exitCode()).isEqualTo(2);
    Path mine = folder.resolve("mine");
    json(
        0,
        "--identity",
        operator.identity().toString(),
        "restore-configuration",
        "production",
        "--into",
        mine.toString());
    assertThat(mine.resolve("host" + outside)).hasContent("JWT_SECRET=do not tell\n");
    Path byHand = folder.resolve("by-hand");
    Programs.run(
        "env",
        "IDENTITY=" + operator.identity(),
        "sh",
        folderOf(backup).resolve("restore.sh").toString(),
        byHand.toString());
    assertThat(byHand.resolve("host" + outside)).hasContent("JWT_SECRET=do not tell\n");
  }

  @Test
  void secretsDoNotGoOffSiteUnencrypted() throws Exception {
    String plan = Files.readString(folder.resolve("drp.yaml"));
    Files.writeString(
        folder.resolve("drp.yaml"),
        plan.replace(
            "storages:",
            "storages:\n  vault: { directory: %s, off-site: true }"
                .formatted(folder.resolve("v"))));

    JsonNode refused = json(6, "backup", "production", "--kind", "configuration");

    assertThat(refused.path("error").path("code").asText()).isEqualTo("REFUSED");
    assertThat(refused.toString()).contains("plain: true", "vault");
    assertThat(folder.resolve("v")).doesNotExist();
  }
}
