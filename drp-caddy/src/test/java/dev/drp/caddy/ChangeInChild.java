package dev.drp.caddy;

import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.Site;
import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ProxyTarget;
import dev.drp.proxy.ReverseProxy;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Changes the reverse proxy in a process of its own, to be killed in the midst of it. */
final class ChangeInChild {
  private ChangeInChild() {}

  /** Takes the Caddyfile, the admin API, its own name, the site, and what to do. */
  public static void main(String... arguments) {
    ContingencyPlan plan =
        ContingencyPlan.builder("shop")
            .site(Site.local("primary"))
            .environment(
                Environment.builder("production", "primary")
                    .proxy(
                        new ProxySettings(
                            Path.of(arguments[0]),
                            Optional.empty(),
                            URI.create(arguments[1]),
                            Optional.of(arguments[2]),
                            List.of(SiteAddress.parse(arguments[3])),
                            ProxySettings.DEFAULT_CONNECT,
                            List.of(),
                            Duration.ofMinutes(10),
                            List.of(),
                            ProxySettings.Maintenance.USUAL))
                    .build())
            .build();
    ReverseProxy proxy =
        new CaddyReverseProxy(ProxyTarget.of(plan, "production"), new LocalCommandRunner());
    if (arguments[4].equals("maintenance")) {
      proxy.startMaintenance();
    } else {
      proxy.apply(ReverseProxy.Reach.OWN_SITES);
    }
  }

  static Process start(ProxySettings settings, String what) {
    try {
      return new ProcessBuilder(
              ProcessHandle.current().info().command().orElse("java"),
              "-Xmx128m",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "-cp",
              System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
              ChangeInChild.class.getName(),
              settings.caddyfile().toString(),
              settings.admin().toString(),
              settings.adminHost().orElseGet(settings.admin()::getAuthority),
              settings.sites().get(0).toString(),
              what)
          .inheritIO()
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
