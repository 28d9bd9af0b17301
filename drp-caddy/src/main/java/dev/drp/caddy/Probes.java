package dev.drp.caddy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/** Whether the sites answer as they should after a change. */
final class Probes {
  private static final int MAINTENANCE = 503;
  private static final long PAUSE_MILLIS = 100;

  private final ProxySettings settings;
  private final SiteClient sites;

  Probes(ProxySettings settings, SiteClient sites) {
    this.settings = settings;
    this.sites = sites;
  }

  /** One request, and what is wrong with its answer: nothing when empty. */
  private interface Probe {
    Optional<String> problem(Duration limit) throws IOException;
  }

  /** Waits for what should be, for as long as the plan allows; PROXY_PROBE_FAILED if it is not. */
  void run(boolean maintenance) {
    if (maintenance) {
      for (SiteAddress site : settings.sites()) {
        await(site.toString(), limit -> inMaintenance(site, limit));
      }
    } else if (settings.probes().isEmpty()) {
      for (SiteAddress site : settings.sites()) {
        await(site.toString(), limit -> below(500, sites.get(site, limit).status()));
      }
    } else {
      for (URI probe : settings.probes()) {
        await(probe.toString(), limit -> below(400, sites.get(probe, limit).status()));
      }
    }
  }

  private Optional<String> inMaintenance(SiteAddress site, Duration limit) throws IOException {
    SiteClient.Answer answer = sites.get(site, limit);
    InetAddress we = answer.from();
    boolean good =
        (answer.status() == MAINTENANCE && answer.comesBack())
            || settings.maintenance().allow().stream().anyMatch(it -> it.contains(we));
    return good
        ? Optional.empty()
        : Optional.of(
            "it answers with status %d%s, expected the maintenance page: 503 with Retry-After"
                .formatted(answer.status(), answer.comesBack() ? "" : " without Retry-After"));
  }

  private static Optional<String> below(int limit, int status) {
    return status < limit
        ? Optional.empty()
        : Optional.of("it answers with status %d, expected one below %d".formatted(status, limit));
  }

  private void await(String what, Probe probe) {
    long deadline = System.nanoTime() + settings.probeWithin().toNanos();
    while (true) {
      long left = deadline - System.nanoTime();
      Optional<String> problem =
          problem(probe, Duration.ofNanos(Math.max(left, PAUSE_MILLIS * 1_000_000)));
      if (problem.isEmpty()) {
        return;
      }
      if (System.nanoTime() >= deadline) {
        throw new RecoveryException(
            ErrorCode.PROXY_PROBE_FAILED,
            "%s, asked at %s: %s".formatted(what, settings.connect(), problem.get()),
            "look at where this site sends its requests: `drp proxy status` shows it.");
      }
      pause();
    }
  }

  private static Optional<String> problem(Probe probe, Duration limit) {
    try {
      return probe.problem(limit);
    } catch (IOException e) {
      return Optional.of("it does not answer: " + e);
    }
  }

  static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the reverse proxy", e);
    }
  }
}
