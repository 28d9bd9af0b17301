package dev.drp.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.proxy.ConfigurationChange.Kind;
import dev.drp.proxy.ReverseProxy.Reach;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ReverseProxy} does. Two environments share a server: production with the site
 * {@link #APP}, which answers "app", and staging with {@link #STAGING}, which answers "staging".
 * The server runs, and its file is prepared for both and applied.
 */
public abstract class ReverseProxyContract {
  protected static final String APP = "app.localhost";
  protected static final String STAGING = "staging.localhost";

  protected abstract ReverseProxy production();

  protected abstract ReverseProxy staging();

  /** What a visitor gets: status and text; empty if nobody answers. */
  protected abstract String visit(String host);

  /** Changes in the configuration file what a site answers, and applies nothing. */
  protected abstract void edit(String host, int status, String text);

  /** The configuration file has an error from now on. */
  protected abstract void breakFile();

  protected abstract void mendFile();

  /** The site no longer imports the environment's file. */
  protected abstract void removeImport(String host);

  /** Ends the server as a power cut would. */
  protected abstract void kill();

  /** Starts it again, as the host does after a reboot. */
  protected abstract void start();

  /** Answers "elsewhere" to every site. */
  protected abstract Upstream elsewhere();

  /** Nobody answers there. */
  protected abstract Upstream nowhere();

  private void reboot() {
    kill();
    start();
  }

  protected static void assertFails(ErrorCode code, ThrowingCallable work, String... inTheMessage) {
    assertThatThrownBy(work)
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> {
              assertThat(e.code()).as(e.getMessage()).isEqualTo(code);
              assertThat(e.getMessage()).contains("HINT:");
              for (String words : inTheMessage) {
                assertThat(e.getMessage()).contains(words);
              }
            });
  }

  @Test
  void checksTheFileAndChangesNothing() {
    assertThat(production().check().isApplied()).isTrue();
    edit(APP, 200, "new");

    ConfigurationCheck check = production().check();

    assertThat(check.changes())
        .singleElement()
        .satisfies(
            change -> {
              assertThat(change.kind()).isEqualTo(Kind.CHANGED);
              assertThat(change.what()).contains(APP);
            });
    assertThat(check.unprepared()).isEmpty();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void appliesTheFileOnce() {
    edit(APP, 200, "new");

    assertThat(production().apply(Reach.OWN_SITES)).hasSize(1);

    assertThat(visit(APP)).isEqualTo("200 new");
    assertThat(production().apply(Reach.OWN_SITES)).isEmpty();
  }

  @Test
  void appliesChangesOfOthersOnlyWhenToldTo() {
    edit(APP, 200, "new");
    edit(STAGING, 200, "new");

    assertFails(ErrorCode.REFUSED, () -> production().apply(Reach.OWN_SITES), STAGING, "staging");
    assertThat(visit(APP)).isEqualTo("200 app");

    assertThat(production().apply(Reach.WHOLE_PROXY)).hasSize(2);
    assertThat(visit(STAGING)).isEqualTo("200 new");
  }

  @Test
  void goesBackWhenWhatWasAppliedDoesNotAnswerWell() {
    edit(APP, 500, "broken");

    assertFails(
        ErrorCode.PROXY_PROBE_FAILED,
        () -> production().apply(Reach.OWN_SITES),
        APP,
        "500",
        "the previous configuration serves again");
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void showsTheMaintenancePageUntilItIsEnded() {
    assertThat(production().startMaintenance()).hasSize(1);
    assertThat(visit(APP)).startsWith("503");
    assertThat(visit(STAGING)).isEqualTo("200 staging");
    assertThat(production().startMaintenance()).isEmpty();
    assertThat(production().status().maintenance()).isTrue();
    assertThat(staging().status().maintenance()).isFalse();

    reboot();
    assertThat(visit(APP)).startsWith("503");

    assertThat(production().endMaintenance()).hasSize(1);
    assertThat(visit(APP)).isEqualTo("200 app");
    assertThat(production().endMaintenance()).isEmpty();
    reboot();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void eachEnvironmentHasAMaintenanceOfItsOwn() {
    production().startMaintenance();
    staging().startMaintenance();

    production().endMaintenance();

    assertThat(visit(APP)).isEqualTo("200 app");
    assertThat(visit(STAGING)).startsWith("503");
  }

  @Test
  void leavesEditsForOthersUnapplied() {
    edit(STAGING, 200, "half done");

    production().startMaintenance();
    production().route(APP, elsewhere());
    production().endMaintenance();

    assertThat(visit(STAGING)).isEqualTo("200 staging");
    assertThat(visit(APP)).isEqualTo("200 elsewhere");
    assertThat(production().check().changes())
        .singleElement()
        .satisfies(change -> assertThat(change.what()).contains(STAGING));
  }

  @Test
  void goesOnWithTheMaintenanceWhenTheSiteIsStillDown() {
    production().startMaintenance();
    edit(APP, 502, "down");
    production().apply(Reach.OWN_SITES);

    assertFails(ErrorCode.PROXY_PROBE_FAILED, () -> production().endMaintenance(), APP, "502");
    assertThat(visit(APP)).startsWith("503");
    reboot();
    assertThat(visit(APP)).startsWith("503");
  }

  @Test
  void sendsASiteElsewhereAndBack() {
    assertThat(production().route(APP, elsewhere())).hasSize(1);
    assertThat(visit(APP)).isEqualTo("200 elsewhere");
    assertThat(visit(STAGING)).isEqualTo("200 staging");
    assertThat(production().status().routes()).containsEntry(APP, elsewhere());
    assertThat(production().route(APP, elsewhere())).isEmpty();

    reboot();
    assertThat(visit(APP)).isEqualTo("200 elsewhere");

    production().routeAsConfigured(APP);
    assertThat(visit(APP)).isEqualTo("200 app");
    assertThat(production().status().routes()).isEmpty();
    reboot();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void goesBackWhenNobodyAnswersElsewhere() {
    assertFails(ErrorCode.PROXY_PROBE_FAILED, () -> production().route(APP, nowhere()), APP, "502");

    assertThat(visit(APP)).isEqualTo("200 app");
    assertThat(production().status().routes()).isEmpty();
    reboot();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void showsTheMaintenancePageAlsoOfASiteThatIsSentElsewhere() {
    production().route(APP, elsewhere());

    production().startMaintenance();

    assertThat(visit(APP)).startsWith("503");
  }

  @Test
  void refusesSitesOfOthers() {
    assertFails(ErrorCode.NOT_IN_PLAN, () -> production().route(STAGING, elsewhere()), APP);
    assertFails(ErrorCode.NOT_IN_PLAN, () -> production().routeAsConfigured(STAGING), APP);
  }

  @Test
  void changesNothingWhileTheFileIsInvalid() {
    breakFile();

    assertFails(ErrorCode.PROXY_INVALID, () -> production().check());
    assertFails(ErrorCode.PROXY_INVALID, () -> production().apply(Reach.WHOLE_PROXY));
    assertFails(ErrorCode.PROXY_INVALID, () -> production().startMaintenance());
    assertFails(ErrorCode.PROXY_INVALID, () -> production().restart(Reach.WHOLE_PROXY));
    assertThat(visit(APP)).isEqualTo("200 app");
    assertThat(production().status().configuration()).isEmpty();

    mendFile();
    reboot();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void saysWhatTheFileLacksToBePrepared() {
    removeImport(APP);

    assertThat(production().check().unprepared())
        .singleElement()
        .asString()
        .contains(APP, "import drp.d/production.*");
    assertFails(
        ErrorCode.PROXY_NOT_PREPARED,
        () -> production().startMaintenance(),
        APP,
        "import drp.d/production.*");
    assertThat(production().status().maintenance()).isFalse();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void changesNothingWhileTheServerIsDown() {
    kill();

    assertFails(ErrorCode.PROXY_UNAVAILABLE, () -> production().check());
    assertFails(ErrorCode.PROXY_UNAVAILABLE, () -> production().startMaintenance());
    assertFails(ErrorCode.PROXY_UNAVAILABLE, () -> production().apply(Reach.WHOLE_PROXY));
    assertThat(production().status().problems()).isNotEmpty();

    start();
    assertThat(visit(APP)).isEqualTo("200 app");
  }

  @Test
  void restartsAServerThatIsDown() {
    production().startMaintenance();
    kill();

    production().restart(Reach.OWN_SITES);

    assertThat(visit(APP)).startsWith("503");
    assertThat(visit(STAGING)).isEqualTo("200 staging");
  }

  @Test
  void restartsWithWhatTheFileSaysOfItsOwnSites() {
    edit(APP, 200, "new");

    production().restart(Reach.OWN_SITES);

    assertThat(visit(APP)).isEqualTo("200 new");
    edit(STAGING, 200, "new");
    assertFails(ErrorCode.REFUSED, () -> production().restart(Reach.OWN_SITES), "staging");
    assertThat(visit(STAGING)).isEqualTo("200 staging");
    production().restart(Reach.WHOLE_PROXY);
    assertThat(visit(STAGING)).isEqualTo("200 new");
  }

  @Test
  void tellsHowItIs() {
    ProxyStatus status = production().status();

    assertThat(status.problems()).isEmpty();
    assertThat(status.maintenance()).isFalse();
    assertThat(status.configuration()).isPresent();
    assertThat(status.sites())
        .singleElement()
        .satisfies(
            site -> {
              assertThat(site.address().host()).isEqualTo(APP);
              assertThat(site.status()).hasValue(200);
            });
  }
}
