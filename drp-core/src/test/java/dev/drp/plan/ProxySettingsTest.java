package dev.drp.plan;

import static dev.drp.plan.PlanText.PLAN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxySettingsTest {
  private static LoadedPlan withProxy(String proxy) {
    return PlanText.load(
        PLAN.replace("    compose:", "    proxy: { " + proxy + " }\n    compose:"));
  }

  private static ProxySettings proxy(String proxy) {
    return withProxy(proxy).orThrow().environment("production").requireProxy();
  }

  @Test
  void isReadFromThePlan() {
    ProxySettings proxy =
        proxy(
            "caddyfile: /etc/caddy/Caddyfile, caddyfile-inside: /x/Caddyfile,"
                + " admin: 'http://127.0.0.1:33019', admin-host: 'localhost:2019',"
                + " sites: [App.example.net, 'http://app.example.org:8080'],"
                + " probes: ['https://app.example.net/health'], probe-within: 20s,"
                + " restart: [systemctl, restart, caddy],"
                + " maintenance: { retry-after: 5m, allow: [192.0.2.0/24, '2001:db8::/32'] }");

    assertThat(proxy.caddyfileSeenByCaddy()).isEqualTo(Path.of("/x/Caddyfile"));
    assertThat(proxy.admin()).isEqualTo(URI.create("http://127.0.0.1:33019"));
    assertThat(proxy.adminHost()).contains("localhost:2019");
    assertThat(proxy.sites())
        .containsExactly(
            new SiteAddress(true, "app.example.net", 443),
            new SiteAddress(false, "app.example.org", 8080));
    assertThat(proxy.probeWithin()).isEqualTo(Duration.ofSeconds(20));
    assertThat(proxy.restart()).containsExactly("systemctl", "restart", "caddy");
    assertThat(proxy.maintenance().retryAfter()).isEqualTo(Duration.ofMinutes(5));
    assertThat(proxy.maintenance().allow())
        .extracting(AddressRange::toString)
        .containsExactly("192.0.2.0/24", "2001:db8::/32");
  }

  @Test
  void needsLittle() {
    assertThat(proxy("caddyfile: /etc/caddy/Caddyfile, sites: [app.example.net]"))
        .isEqualTo(
            ProxySettings.of(
                Path.of("/etc/caddy/Caddyfile"),
                ProxySettings.DEFAULT_ADMIN,
                List.of(SiteAddress.parse("app.example.net"))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          caddyfile: /etc/my caddy/Caddyfile, sites: [a.net]                        | proxy.caddyfile
          caddyfile: /etc/Caddy*, sites: [a.net]                                    | proxy.caddyfile
          caddyfile: /C, caddyfile-inside: '/etc/{X}', sites: [a.net]              | proxy.caddyfile-inside
          caddyfile: /C, sites: []                                                  | proxy.sites
          caddyfile: /C, sites: [a.net, 'a.net:444']                                | proxy.sites
          caddyfile: /C, sites: ['a.net/path']                                      | proxy.sites[0]
          caddyfile: /C, sites: ['*.a.net']                                         | proxy.sites[0]
          caddyfile: /C, sites: [a.net], admin-host: 'a b'                          | proxy.admin-host
          caddyfile: /C, sites: [a.net], admin: 'https://a', admin-host: 'b:2019'   | proxy.admin-host
          caddyfile: /C, sites: [a.net], probes: ['http://[::1]/']                  | proxy.probes
          caddyfile: /C, sites: [a.net], probe-within: 0s                           | proxy.probe-within
          caddyfile: /C, sites: [a.net], maintenance: { retry-after: 10ms }         | proxy.maintenance.retry-after
          caddyfile: /C, sites: [a.net], maintenance: { allow: [operators.net] }    | proxy.maintenance.allow[0]
          """)
  void isCheckedWithThePlan(String proxy, String path) {
    assertThat(withProxy(proxy).problems())
        .singleElement()
        .satisfies(
            problem -> assertThat(problem.path()).isEqualTo("environments.production." + path));
  }

  @ParameterizedTest
  @CsvSource({
    "app.example.net, app.example.net:443, app.example.net",
    "https://app.example.net, app.example.net:443, app.example.net",
    "app.example.net:8443, app.example.net:8443, app.example.net:8443",
    "app.example.net:80, app.example.net:80, http://app.example.net",
    "http://APP.example.net, app.example.net:80, http://app.example.net",
    "http://127.0.0.1:8080, 127.0.0.1:8080, http://127.0.0.1:8080"
  })
  void sitesAreReadAsCaddyDoes(String text, String hostAndPort, String shown) {
    SiteAddress site = SiteAddress.parse(text);

    assertThat(site.hostAndPort()).isEqualTo(hostAndPort);
    assertThat(site).hasToString(shown);
    assertThat(SiteAddress.parse(shown)).isEqualTo(site);
    assertThat(text).matches(SiteAddress.PATTERN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "a:0", "a:65536", "a:x", "ftp://a", "a\n}", "a{$B}", "-a"})
  void refusesWhatIsNoSite(String text) {
    assertThatThrownBy(() -> SiteAddress.parse(text)).isInstanceOf(InvalidValue.class);
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.0/24, 192.0.2.255, true",
    "192.0.2.0/24, 192.0.3.0, false",
    "192.0.2.7, 192.0.2.7, true",
    "192.0.2.7, 192.0.2.6, false",
    "0.0.0.0/0, 203.0.113.9, true",
    "0.0.0.0/0, ::1, false",
    "2001:db8::/32, 2001:db8:1::1, true",
    "2001:db8::/32, 2001:db9::1, false",
    "'::1', '::1', true"
  })
  void aRangeContainsWhatBeginsLikeIt(String range, String address, boolean contains)
      throws UnknownHostException {
    assertThat(AddressRange.parse(range).contains(InetAddress.getByName(address)))
        .isEqualTo(contains);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.0/33",
        "::/129",
        "a.net",
        "1.2.3.4 5.6.7.8"
      })
  void refusesWhatIsNoRange(String text) {
    assertThatThrownBy(() -> AddressRange.parse(text)).isInstanceOf(InvalidValue.class);
  }

  @Test
  void anEnvironmentWithoutAProxySaysWhatToAdd() {
    Environment environment = Environment.builder("production", "primary").build();

    assertThat(environment.proxy()).isEqualTo(Optional.empty());
    assertThatThrownBy(environment::requireProxy)
        .hasMessageContaining("add environments.production.proxy");
  }
}
