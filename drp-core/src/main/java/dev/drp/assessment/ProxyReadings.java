package dev.drp.assessment;

import dev.drp.assessment.Reading.Section;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.Environment;
import dev.drp.proxy.ProxyStatus;
import dev.drp.proxy.ProxyTarget;
import dev.drp.proxy.ServedCertificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The reverse proxy of an environment, and the certificates that it serves. */
final class ProxyReadings {
  private static final int SOON_DAYS = 14;

  private final Optional<Asked<ProxyStatus>> status;
  private final Instant now;

  ProxyReadings(
      ContingencyPlan plan,
      Environment environment,
      Surroundings surroundings,
      Questions questions,
      Instant now) {
    this.now = now;
    this.status =
        environment
            .proxy()
            .map(
                any ->
                    questions.ask(
                        "reverse proxy",
                        () ->
                            surroundings
                                .proxies()
                                .get()
                                .of(ProxyTarget.of(plan, environment.name()))
                                .status()));
  }

  List<Reading> readings() {
    if (status.isEmpty()) {
      return List.of();
    }
    Asked.Answer<ProxyStatus> answer = status.get().answer();
    if (answer.value().isEmpty()) {
      return List.of(Reading.failed(Section.CONFIGURATION, "reverse proxy", answer));
    }
    ProxyStatus found = answer.value().get();
    List<Reading> readings = new ArrayList<>();
    readings.add(configuration(found));
    found
        .problems()
        .forEach(it -> readings.add(Reading.bad(Section.CONFIGURATION, "reverse proxy", it, "")));
    if (found.maintenance()) {
      readings.add(
          Reading.bad(
              Section.NETWORK,
              "maintenance page",
              "visitors get it",
              "once all is well: drp proxy maintenance off."));
    }
    for (ProxyStatus.Site site : found.sites()) {
      site.certificate().ifPresent(it -> readings.add(certificate(site, it)));
    }
    return readings;
  }

  private static Reading configuration(ProxyStatus found) {
    String subject = "configuration of the reverse proxy";
    if (found.configuration().isEmpty()) {
      return Reading.bad(Section.CONFIGURATION, subject, "the proxy cannot tell", "");
    }
    return found.configuration().get().isApplied()
        ? Reading.good(Section.CONFIGURATION, subject, "accepted, and the proxy runs it")
        : Reading.bad(
            Section.CONFIGURATION,
            subject,
            "accepted, but the proxy runs another one: %d differences"
                .formatted(found.configuration().get().changes().size()),
            "drp proxy check says which, drp proxy apply brings them in.");
  }

  private Reading certificate(ProxyStatus.Site site, ServedCertificate certificate) {
    long days = certificate.daysLeft(now);
    return Reading.judged(
        Section.NETWORK,
        "certificate of " + site.address(),
        "by %s, %d days left%s"
            .formatted(
                certificate.issuer(), days, certificate.trusted() ? "" : ", not trusted here"),
        "at least %d days".formatted(SOON_DAYS),
        days >= SOON_DAYS,
        "see in the proxy's log why it is not renewed.");
  }
}
