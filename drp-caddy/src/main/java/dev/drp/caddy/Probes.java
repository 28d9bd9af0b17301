package dev.drp.caddy;

import static java.util.stream.Collectors.toSet;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

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

  /** One request. */
  private interface Request {
    SiteClient.Answer get(Duration limit) throws IOException;
  }

  /** What is wrong with an answer: nothing when empty. */
  private interface Expectation {
    Optional<String> problem(SiteClient.Answer answer);
  }

  /**
   * Waits for what should be, for as long as the plan allows; PROXY_PROBE_FAILED if it is not. Only
   * an answer of the configuration that was loaded last counts, for the sites of the plan.
   */
  void run(Content loaded) {
    if (loaded.maintenance()) {
      for (SiteAddress site : settings.sites()) {
        await(site.toString(), limit -> sites.get(site, limit), loaded, this::inMaintenance);
      }
    } else if (settings.probes().isEmpty()) {
      for (SiteAddress site : settings.sites()) {
        await(site.toString(), limit -> sites.get(site, limit), loaded, it -> below(500, it));
      }
    } else {
      Set<String> ours = settings.sites().stream().map(SiteAddress::hostAndPort).collect(toSet());
      for (URI probe : settings.probes()) {
        Content by = ours.contains(SiteClient.siteOf(probe).hostAndPort()) ? loaded : Content.USUAL;
        await(probe.toString(), limit -> sites.get(probe, limit), by, it -> below(400, it));
      }
    }
  }

  private Optional<String> inMaintenance(SiteClient.Answer answer) {
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

  private static Optional<String> below(int limit, SiteClient.Answer answer) {
    return answer.status() < limit
        ? Optional.empty()
        : Optional.of(
            "it answers with status %d, expected one below %d".formatted(answer.status(), limit));
  }

  private void await(String what, Request request, Content by, Expectation expectation) {
    long deadline = System.nanoTime() + settings.probeWithin().toNanos();
    while (true) {
      long left = deadline - System.nanoTime();
      Optional<String> problem =
          problem(
              request, Duration.ofNanos(Math.max(left, PAUSE_MILLIS * 1_000_000)), by, expectation);
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

  private static Optional<String> problem(
      Request request, Duration limit, Content by, Expectation expectation) {
    try {
      SiteClient.Answer answer = request.get(limit);
      return by.load().equals(answer.load()) || by.load().isEmpty()
          ? expectation.problem(answer)
          : Optional.of("it is still answered by a configuration from before the change");
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
