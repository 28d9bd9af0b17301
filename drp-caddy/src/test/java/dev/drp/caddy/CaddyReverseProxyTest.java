package dev.drp.caddy;

import static dev.drp.caddy.CaddyFixture.APP;
import static dev.drp.caddy.CaddyFixture.STAGING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.AddressRange;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ProxyStatus;
import dev.drp.proxy.ReverseProxy.Reach;
import dev.drp.proxy.ServedCertificate;
import dev.drp.proxy.Upstream;
import dev.drp.state.StateLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is Caddy's own, and what goes wrong with it. */
class CaddyReverseProxyTest {
  @TempDir private Path folder;
  private CaddyFixture fixture;
  private Path ownFile;

  @BeforeEach
  void startCaddy() {
    fixture = new CaddyFixture(folder).prepared();
    ownFile = fixture.caddy.caddyfile().resolveSibling("drp.d/production.caddy");
  }

  @AfterEach
  void endCaddy() {
    if (fixture != null) {
      fixture.close();
    }
  }

  private static void assertFails(ErrorCode code, ThrowingCallable work, String... words) {
    assertThatThrownBy(work)
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
              for (String word : words) {
                assertThat(e.getMessage()).contains(word);
              }
            });
  }

  private void through(AdminRelay relay) {
    fixture.settings(
        it ->
            new ProxySettings(
                it.caddyfile(),
                it.caddyfileInside(),
                relay.admin(),
                Optional.of("127.0.0.1:" + fixture.caddy.adminPort()),
                it.sites(),
                it.connect(),
                it.probes(),
                it.probeWithin(),
                it.restart(),
                it.maintenance()));
  }

  private void directly() {
    fixture.settings(it -> it);
  }

  // What the maintenance page and routes come before

  @Test
  void theMaintenancePageComesBeforeWhateverTheSiteHandles() {
    fixture.block(
        APP,
        """
        handle /api/a/long/path/that/is/more/specific/* {
        \t\trespond "api"
        \t}
        \t@two path /one /two
        \thandle @two {
        \t\trespond "two"
        \t}
        \ttry_files /index.html
        \tfile_server\
        """);
    fixture.production().apply(Reach.OWN_SITES);
    assertThat(Visit.of(APP, fixture.caddy.httpPort(), "/one")).isEqualTo("200 two");

    fixture.production().startMaintenance();

    for (String path : List.of("/", "/one", "/api/a/long/path/that/is/more/specific/x?y=z")) {
      assertThat(Visit.raw(APP, fixture.caddy.httpPort(), path))
          .startsWith("HTTP/1.0 503")
          .contains("Retry-After: 600\r\n", "We are working on this site");
    }
  }

  @Test
  void operatorsGetTheSiteDuringTheMaintenance() {
    fixture.settings(
        it ->
            it.withMaintenance(
                new ProxySettings.Maintenance(
                    Duration.ofMinutes(1), List.of(AddressRange.parse("127.0.0.0/8")))));

    fixture.production().startMaintenance();

    assertThat(fixture.visit(APP)).isEqualTo("200 app");
    assertThat(ownFile).content().contains("not remote_ip 127.0.0.0/8", "Retry-After 60");
  }

  @Test
  void aRouteComesBeforeWhateverTheSiteHandles() {
    fixture.block(APP, "handle /api/* {\n\t\trespond \"api\"\n\t}\n\trespond \"app\"");
    fixture.production().apply(Reach.OWN_SITES);

    fixture.production().route(APP, fixture.upstreamElsewhere());

    assertThat(Visit.of(APP, fixture.caddy.httpPort(), "/api/x")).isEqualTo("200 elsewhere");
  }

  @Test
  void anUpstreamWithTlsIsAskedForTheSiteByItsName() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      CompletableFuture<String> hello =
          CompletableFuture.supplyAsync(
              () -> {
                try (Socket client = server.accept()) {
                  byte[] bytes = new byte[4096];
                  int count = client.getInputStream().read(bytes);
                  return new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });

      assertFails(
          ErrorCode.PROXY_PROBE_FAILED,
          () ->
              fixture
                  .production()
                  .route(APP, new Upstream(true, "127.0.0.1", server.getLocalPort())));

      assertThat(hello.get(2, TimeUnit.MINUTES)).contains(APP);
    }
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
  }

  @Test
  void aHandleThatWouldComeBeforeTheMaintenancePageIsRefused() {
    fixture.wholeBlock(
        APP,
        """
        @two path /one /two
        \thandle @two {
        \t\trespond "two"
        \t}
        \timport drp.d/production.*
        \trespond "app"\
        """);

    assertFails(
        ErrorCode.PROXY_NOT_PREPARED,
        () -> fixture.production().startMaintenance(),
        "a handle before the line");
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
  }

  @Test
  void theFileOfAnotherEnvironmentIsRefused() {
    fixture.block(STAGING, "import drp.d/production.*\n\trespond \"staging\"");

    assertFails(
        ErrorCode.PROXY_NOT_PREPARED,
        () -> fixture.production().startMaintenance(),
        STAGING,
        "is not one of production");
    assertThat(fixture.visit(STAGING)).isEqualTo("200 staging");
  }

  // The file of ours

  @Test
  void caddyMayReadTheFileAndNothingElseStays() throws IOException {
    fixture.production().startMaintenance();

    assertThat(CaddyProcess.isReadableByOthers(ownFile)).isTrue();
    try (var files = Files.list(ownFile.resolveSibling("."))) {
      assertThat(files.map(it -> it.getFileName().toString()))
          .containsExactlyInAnyOrder("production.caddy", "staging.caddy", ".lock");
    }
  }

  @Test
  void saysThatTheFileIsToBeWrittenFirst() throws IOException {
    Files.delete(ownFile);

    assertThat(fixture.production().check().unprepared())
        .singleElement()
        .asString()
        .contains("drp proxy apply production");
  }

  @Test
  void leavesAFileAloneThatSomebodyElseWrote() throws IOException {
    Files.writeString(ownFile, "header X-Team yes\n");

    assertFails(
        ErrorCode.REFUSED,
        () -> fixture.production().startMaintenance(),
        ownFile.toString(),
        "was not written by drp");
    assertThat(ownFile).content().isEqualTo("header X-Team yes\n");
  }

  @Test
  void oneChangesAtATime() {
    try (StateLock lock =
        StateLock.take(ownFile.resolveSibling(".lock"), "Caddy", "somebody else")) {
      assertThat(lock).isNotNull();
      assertFails(ErrorCode.LOCKED, () -> fixture.staging().startMaintenance(), "somebody else");
    }
    assertThat(fixture.visit(STAGING)).isEqualTo("200 staging");
  }

  // What Caddy refuses

  @Test
  void namesFileLineAndReasonOfAnInvalidCaddyfile() {
    fixture.append("broken.localhost {\n\tno_such_directive\n}\n");

    assertFails(
        ErrorCode.PROXY_INVALID,
        () -> fixture.production().check(),
        fixture.caddy.caddyfile() + ":",
        "unrecognized directive: no_such_directive");
  }

  @Test
  void keepsServingWhenAPortIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      fixture.append(
          "http://new.localhost:%d {\n\tbind 127.0.0.1\n\trespond \"new\"\n}\n"
              .formatted(taken.getLocalPort()));

      assertFails(
          ErrorCode.PROXY_FAILED,
          () -> fixture.production().apply(Reach.OWN_SITES),
          "address already in use");
    }
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
    assertThat(fixture.production().apply(Reach.OWN_SITES)).isNotEmpty();
  }

  @Test
  void doesNotLoseTheAdminApiToACaddyfileThatMovesIt() throws IOException {
    String moved =
        Files.readString(fixture.caddy.caddyfile()).replace("admin 127.0.0.1:", "admin localhost:");
    Files.writeString(fixture.caddy.caddyfile(), moved);

    assertFails(
        ErrorCode.PROXY_INVALID,
        () -> fixture.production().apply(Reach.WHOLE_PROXY),
        "another admin",
        "drp proxy restart production");
    assertThat(fixture.production().startMaintenance()).hasSize(1);
  }

  @Test
  void bringsInSitesThatAreNewByApplyOnly() {
    fixture.settings(
        it ->
            ProxySettings.of(
                    it.caddyfile(),
                    it.admin(),
                    it.sites().get(0).host().equals(STAGING)
                        ? it.sites()
                        : List.of(
                            it.sites().get(0),
                            new SiteAddress(false, "new.localhost", fixture.caddy.httpPort())))
                .withProbeWithin(Duration.ofSeconds(3)));
    fixture.append(
        "http://new.localhost:%d {\n\tbind 127.0.0.1\n\timport drp.d/production.*\n\trespond \"new\"\n}\n"
            .formatted(fixture.caddy.httpPort()));

    assertFails(
        ErrorCode.REFUSED,
        () -> fixture.production().startMaintenance(),
        "drp proxy apply production");
    fixture.production().apply(Reach.OWN_SITES);

    assertThat(fixture.visit("new.localhost")).isEqualTo("200 new");
  }

  @Test
  void aChangeOfOneSiteDoesNotLookLikeOneOfAnother() {
    String handles = "handle /a {\n\t\trespond \"a\"\n\t}\n\thandle {\n\t\trespond \"%s\"\n\t}";
    fixture.block(APP, handles.formatted("app"));
    fixture.block(STAGING, handles.formatted("staging"));
    fixture.production().apply(Reach.WHOLE_PROXY);

    assertThat(fixture.staging().startMaintenance()).hasSize(1);

    assertThat(fixture.production().check().isApplied()).isTrue();
    assertThat(fixture.production().startMaintenance()).hasSize(1);
    assertThat(fixture.staging().check().isApplied()).isTrue();
  }

  @Test
  void showsNoValuesThatMayBeSecret() {
    String proxied =
        "reverse_proxy %s {\n\t\theader_up Authorization \"Bearer %%s\"\n\t}"
            .formatted(fixture.upstreamElsewhere());
    fixture.block(APP, proxied.formatted("s3cr3t-1"));
    assertThat(fixture.production().apply(Reach.OWN_SITES).toString())
        .contains("handler: static_response -> reverse_proxy")
        .doesNotContain("s3cr3t");

    fixture.block(APP, proxied.formatted("s3cr3t-2"));
    assertThat(fixture.production().apply(Reach.OWN_SITES).toString())
        .contains("Authorization")
        .doesNotContain("s3cr3t");

    fixture.block(APP, "respond 200");
    fixture.production().apply(Reach.OWN_SITES);
    fixture.block(APP, "respond \"s3cr3t\" 200");
    assertThat(fixture.production().apply(Reach.OWN_SITES).toString())
        .contains("/body added")
        .doesNotContain("s3cr3t");
  }

  // Reaching Caddy

  @Test
  void anAnswerOfTheConfigurationFromBeforeTheChangeProvesNothing() {
    try (AdminRelay relay = new AdminRelay(fixture.caddy.adminPort()).pretendsToDo("POST /load")) {
      through(relay);

      assertFails(
          ErrorCode.PROXY_PROBE_FAILED,
          () -> fixture.production().route(APP, fixture.upstreamElsewhere()),
          "from before the change");
    }
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
  }

  @Test
  void reachesCaddyByAnotherNameThroughATunnel() {
    try (AdminRelay relay = new AdminRelay(fixture.caddy.adminPort())) {
      fixture.settings(it -> ProxySettings.of(it.caddyfile(), relay.admin(), it.sites()));
      assertFails(
          ErrorCode.PROXY_FAILED,
          () -> fixture.production().startMaintenance(),
          "host not allowed",
          "proxy.admin-host");

      through(relay);
      assertThat(fixture.production().startMaintenance()).hasSize(1);
    }
    assertThat(fixture.visit(APP)).startsWith("503");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>hello</html>\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n42",
        "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{\"apps\":",
        "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        ""
      })
  void isNotTakenInByGarbage(String garbage) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread answering = new Thread(() -> answer(server, garbage), "garbage");
      answering.setDaemon(true);
      answering.start();
      fixture.settings(
          it ->
              ProxySettings.of(
                  it.caddyfile(),
                  URI.create("http://127.0.0.1:" + server.getLocalPort()),
                  it.sites()));
      String before = Files.readString(ownFile);

      assertThatThrownBy(() -> fixture.production().startMaintenance())
          .isInstanceOfSatisfying(
              RecoveryException.class,
              e -> assertThat(e.code()).isIn(ErrorCode.PROXY_FAILED, ErrorCode.PROXY_UNAVAILABLE))
          .hasMessageContaining("http://127.0.0.1:" + server.getLocalPort());
      assertThat(fixture.production().status().problems()).isNotEmpty();
      assertThat(ownFile).content().isEqualTo(before);
    }
  }

  private static void answer(ServerSocket server, String text) {
    while (!server.isClosed()) {
      try (Socket client = server.accept()) {
        client.getInputStream().read(new byte[4096]);
        client.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
      } catch (IOException over) {
        // the next one
      }
    }
  }

  @Test
  void givesUpOnAnAdminApiThatNeverAnswers() {
    try (AdminRelay relay = new AdminRelay(fixture.caddy.adminPort()).stallsBefore("GET")) {
      through(relay);
      AdminApi admin =
          new AdminApi(
              fixture.productionSettings(),
              new Limits(Duration.ofSeconds(20), Duration.ofMillis(300), Duration.ofSeconds(1)));

      assertFails(ErrorCode.PROXY_UNAVAILABLE, admin::running, "timed out");
    }
  }

  @Test
  void aLoadWhoseAnswerIsLostCounts() {
    try (AdminRelay relay =
        new AdminRelay(fixture.caddy.adminPort()).losesTheAnswerTo("POST /load")) {
      through(relay);

      assertThat(fixture.production().startMaintenance()).hasSize(1);
    }
    assertThat(fixture.visit(APP)).startsWith("503");
  }

  // Kills

  @Test
  void caddyKilledInPlaceOfLoadingStartsWithWhatItHad() {
    try (AdminRelay relay =
        new AdminRelay(fixture.caddy.adminPort()).failsBefore("POST /load", fixture.caddy::kill)) {
      through(relay);

      assertFails(
          ErrorCode.PROXY_UNAVAILABLE, () -> fixture.production().startMaintenance(), "admin API");
    }
    directly();
    fixture.caddy.start();
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
    assertThat(fixture.production().status().maintenance()).isFalse();

    fixture.production().startMaintenance();

    assertThat(fixture.visit(APP)).startsWith("503");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/adapt", "/load"})
  void killedBetweenWritingTheFileAndLoadingItIsRepeated(String request) throws Exception {
    killDuringMaintenanceOn(request);
    assertThat(ownFile).content().contains("# maintenance");
    assertThat(fixture.visit(APP)).isEqualTo("200 app");

    assertThat(fixture.production().startMaintenance()).hasSize(1);

    assertThat(fixture.visit(APP)).startsWith("503");
    fixture.production().endMaintenance();
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
  }

  @Test
  void killedBetweenWritingTheFileAndLoadingItIsTakenBackWhenTheRepetitionFails() throws Exception {
    killDuringMaintenanceOn("/load");
    fixture.append("broken.localhost {\n\tno_such_directive\n}\n");

    assertFails(ErrorCode.PROXY_INVALID, () -> fixture.production().startMaintenance());

    assertThat(ownFile).content().doesNotContain("# maintenance");
    fixture.append("");
    fixture.caddy.kill();
    fixture.caddy.start();
    assertThat(fixture.visit(APP)).isEqualTo("200 app");
  }

  private void killDuringMaintenanceOn(String request) throws Exception {
    try (AdminRelay relay =
        new AdminRelay(fixture.caddy.adminPort()).stallsBefore("POST " + request)) {
      through(relay);
      Process child = ChangeInChild.start(fixture.productionSettings(), "maintenance");
      try {
        relay.awaitTrigger();
      } finally {
        child.destroyForcibly().waitFor();
      }
    }
    directly();
  }

  @Test
  void killedBeforeTheProbesItStillGoesBackToWhatRanBefore() throws Exception {
    fixture.edit(APP, 500, "broken");
    Process child = ChangeInChild.start(fixture.productionSettings(), "apply");
    try {
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
      while (!fixture.visit(APP).equals("500 broken")) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(50);
      }
    } finally {
      child.destroyForcibly().waitFor();
    }

    assertFails(
        ErrorCode.PROXY_PROBE_FAILED,
        () -> fixture.production().apply(Reach.OWN_SITES),
        "the previous configuration serves again");

    assertThat(fixture.visit(APP)).isEqualTo("200 app");
    assertThat(fixture.visit(STAGING)).isEqualTo("200 staging");
  }

  // Restart

  @Test
  void doesNotRestartWithAnInvalidCaddyfile() {
    fixture.append("broken.localhost {\n\tno_such_directive\n}\n");

    assertFails(ErrorCode.PROXY_INVALID, () -> fixture.production().restart(Reach.WHOLE_PROXY));

    assertThat(fixture.caddy.restarts()).isZero();
    fixture.append("");
    fixture.production().restart(Reach.OWN_SITES);
    assertThat(fixture.caddy.restarts()).isEqualTo(1);
  }

  @Test
  void tellsHowARestartFailed() {
    fixture.settings(it -> it.withRestart("sh", "-c", "echo no such unit >&2; exit 5"));
    assertFails(
        ErrorCode.COMMAND_FAILED,
        () -> fixture.production().restart(Reach.OWN_SITES),
        "exit code 5: no such unit");

    fixture.settings(ProxySettings::withRestart);
    assertFails(
        ErrorCode.NOT_IN_PLAN,
        () -> fixture.production().restart(Reach.OWN_SITES),
        "environments.production.proxy.restart");
  }

  @Test
  void tellsThatCaddyDidNotComeBack() {
    fixture.settings(it -> it.withRestart("true"));
    fixture.limits(
        new Limits(Duration.ofSeconds(20), Duration.ofMinutes(1), Duration.ofSeconds(1)));
    fixture.caddy.kill();

    assertFails(
        ErrorCode.PROXY_UNAVAILABLE,
        () -> fixture.production().restart(Reach.OWN_SITES),
        "after its restart by true",
        "caddy validate --config");
  }

  // Status

  @Test
  void tellsWhichCertificateIsServed() {
    SiteAddress secure = new SiteAddress(true, "secure", fixture.caddy.httpsPort());
    fixture.settings(
        it ->
            ProxySettings.of(it.caddyfile(), it.admin(), List.of(secure))
                .withProbes(URI.create("https://secure:%d/x".formatted(secure.port()))));
    fixture.append(
        "https://secure:%d {\n\tbind 127.0.0.1\n\timport drp.d/production.*\n\trespond \"safe\"\n}\n"
            .formatted(secure.port()));
    fixture.wholeBlock(APP, "respond \"app\"");
    fixture.production().apply(Reach.WHOLE_PROXY);

    ProxyStatus status = fixture.production().status();

    assertThat(status.problems()).isEmpty();
    ServedCertificate certificate = status.sites().get(0).certificate().orElseThrow();
    assertThat(certificate.issuer()).contains("Caddy Local Authority");
    assertThat(certificate.trusted()).isFalse();
    assertThat(certificate.notAfter()).isAfter(Instant.now());
    assertThat(certificate.daysLeft(certificate.notAfter().minus(Duration.ofHours(60))))
        .isEqualTo(2);
  }

  @Test
  void tellsHowTheUpstreamsAre() {
    int dead = CaddyProcess.freePort();
    fixture.block(
        APP, "reverse_proxy %s 127.0.0.1:%d".formatted(fixture.upstreamElsewhere(), dead));
    fixture.caddy.kill();
    fixture.caddy.start();

    ProxyStatus status = fixture.production().status();

    assertThat(status.upstreams())
        .extracting(it -> it.address() + " " + it.reachable().orElseThrow())
        .containsExactlyInAnyOrder(
            fixture.upstreamElsewhere() + " true", "127.0.0.1:" + dead + " false");
    assertThat(status.problems())
        .containsExactly("upstream 127.0.0.1:%d accepts no connection".formatted(dead));
    assertThat(fixture.staging().status().upstreams()).isEmpty();
  }
}
