package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.proxy.ConfigurationChange;
import dev.drp.proxy.ConfigurationCheck;
import dev.drp.proxy.ProxyStatus;
import dev.drp.proxy.ProxyTarget;
import dev.drp.proxy.ReverseProxy;
import dev.drp.proxy.ReverseProxy.Reach;
import dev.drp.proxy.ServedCertificate;
import dev.drp.proxy.Upstream;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drp proxy}. */
@Command(
    name = "proxy",
    description = "The reverse proxy: what it serves, its configuration, maintenance and routes.",
    subcommands = {
      ProxyCommand.Show.class,
      ProxyCommand.Check.class,
      ProxyCommand.Apply.class,
      ProxyCommand.Maintenance.class,
      ProxyCommand.Route.class,
      ProxyCommand.Restart.class
    })
final class ProxyCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw Drp.noCommand(spec);
  }

  private static ReverseProxy proxy(Session session, String environment) {
    return session.adapters().proxies().of(ProxyTarget.of(session.plan(), environment));
  }

  private static Reach reach(boolean whole) {
    return whole ? Reach.WHOLE_PROXY : Reach.OWN_SITES;
  }

  /** The changes, and in text what {@code done} says of it. */
  private static void print(
      Session session, String environment, List<ConfigurationChange> changes, String done) {
    session.print(
        () -> Json.object().put("environment", environment).put("changes", json(changes)),
        out -> {
          print(changes, out);
          out.line(changes.isEmpty() ? done + "; nothing had to change" : done);
        });
  }

  private static List<Json> json(List<ConfigurationChange> changes) {
    return changes.stream()
        .map(
            it ->
                Json.object()
                    .put("kind", it.kind())
                    .put("what", it.what())
                    .put("sites", it.sites())
                    .put("details", it.details()))
        .toList();
  }

  private static void print(List<ConfigurationChange> changes, Console out) {
    for (ConfigurationChange change : changes) {
      out.line("%s %s".formatted(Format.word(change.kind()), change.what()));
      change.details().forEach(it -> out.line("  " + it));
    }
  }

  /** {@code drp proxy status}. */
  @Command(
      name = "status",
      description = {
        "Show how the sites answer, with which certificates, where they send requests, and whether"
            + " the server runs what its file says.",
        "Exit code 1 if something is not as it should be."
      })
  static final class Show extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Override
    ExitStatus run(Session session) {
      ProxyStatus status = proxy(session, environment).status();
      session.print(() -> json(session, status), out -> print(session, status, out));
      return status.problems().isEmpty() ? ExitStatus.OK : ExitStatus.FAILED;
    }

    private Json json(Session session, ProxyStatus status) {
      return Json.object()
          .put("environment", environment)
          .put("maintenance", status.maintenance())
          .put(
              "routes",
              status.routes().entrySet().stream()
                  .map(
                      it ->
                          Json.object()
                              .put("site", it.getKey())
                              .put("upstream", it.getValue().toString()))
                  .toList())
          .put("applied", status.configuration().map(ConfigurationCheck::isApplied))
          .put(
              "sites",
              status.sites().stream()
                  .map(
                      it ->
                          Json.object()
                              .put("site", it.address().toString())
                              .put("status", it.status())
                              .put("certificate", it.certificate().map(c -> json(session, c))))
                  .toList())
          .put(
              "upstreams",
              status.upstreams().stream()
                  .map(
                      it ->
                          Json.object()
                              .put("address", it.address())
                              .put("requests", it.requests())
                              .put("fails", it.fails())
                              .put("reachable", it.reachable()))
                  .toList())
          .put("problems", status.problems());
    }

    private static Json json(Session session, ServedCertificate certificate) {
      return Json.object()
          .put("subject", certificate.subject())
          .put("issuer", certificate.issuer())
          .put("notBefore", certificate.notBefore())
          .put("notAfter", certificate.notAfter())
          .put("daysLeft", certificate.daysLeft(session.now()))
          .put("trusted", certificate.trusted());
    }

    private static void print(Session session, ProxyStatus status, Console out) {
      if (status.maintenance()) {
        out.line(out.warning("in maintenance"));
      }
      status.routes().forEach((host, to) -> out.line("%s is sent to %s".formatted(host, to)));
      Table sites = Table.of("site", ">status", "certificate");
      status
          .sites()
          .forEach(
              it ->
                  sites.row(
                      it.address().toString(),
                      it.status().isPresent() ? String.valueOf(it.status().getAsInt()) : "-",
                      it.certificate().map(c -> text(session, c)).orElse("")));
      sites.lines().forEach(out::line);
      if (!status.upstreams().isEmpty()) {
        Table upstreams = Table.of("upstream", "reachable", ">requests", ">failures");
        status
            .upstreams()
            .forEach(
                it ->
                    upstreams.row(
                        it.address(),
                        it.reachable().map(yes -> yes ? "yes" : "no").orElse("?"),
                        Format.count(it.requests()),
                        Format.count(it.fails())));
        upstreams.lines().forEach(out::line);
      }
      Optional<ConfigurationCheck> configuration = status.configuration();
      configuration.ifPresent(
          it ->
              out.line(
                  it.isApplied()
                      ? "the server runs what its file says"
                      : "not applied yet: "
                          + String.join(
                              ", ",
                              it.changes().stream().map(ConfigurationChange::what).toList())));
      status.problems().forEach(it -> out.line(out.bad("problem") + "  " + it));
    }

    private static String text(Session session, ServedCertificate certificate) {
      return "%s left, from %s%s"
          .formatted(
              Format.count(certificate.daysLeft(session.now()), "day", "days"),
              certificate.issuer(),
              certificate.trusted() ? "" : ", not trusted here");
    }
  }

  /** {@code drp proxy check}. */
  @Command(
      name = "check",
      description = {
        "Let the server look at its configuration file, and show what applying it would change."
            + " Changes nothing.",
        "Exit code 1 if the file is invalid, or does not import what is written for the"
            + " environment."
      })
  static final class Check extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Override
    ExitStatus run(Session session) {
      ConfigurationCheck check = proxy(session, environment).check();
      session.print(
          () ->
              Json.object()
                  .put("environment", environment)
                  .put("applied", check.isApplied())
                  .put("changes", json(check.changes()))
                  .put("warnings", check.warnings())
                  .put("unprepared", check.unprepared()),
          out -> {
            print(check.changes(), out);
            check.warnings().forEach(it -> out.line(out.warning("warning") + "  " + it));
            check.unprepared().forEach(it -> out.line(out.bad("problem") + "  " + it));
            out.line(
                check.isApplied()
                    ? "valid, and what the server runs"
                    : "valid; `drp proxy apply %s` brings it in".formatted(environment));
          });
      return check.unprepared().isEmpty() ? ExitStatus.OK : ExitStatus.FAILED;
    }
  }

  /** {@code drp proxy apply}. */
  @Command(
      name = "apply",
      description = {
        "Bring what the configuration file says into the server. Where it refuses, or a site does"
            + " not answer well afterwards, the previous configuration serves again.",
        "Exit code 6 if it would change sites of other environments."
      })
  static final class Apply extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Option(names = "--whole", description = "Also what changes sites of other environments.")
    private boolean whole;

    @Override
    ExitStatus run(Session session) {
      print(
          session,
          environment,
          proxy(session, environment).apply(reach(whole)),
          "the server runs what its file says");
      return ExitStatus.OK;
    }
  }

  /** {@code drp proxy maintenance}. */
  @Command(
      name = "maintenance",
      description = {
        "on: visitors of the environment's sites get a page that says 503 and when to come back,"
            + " but for those whom the plan allows; off: they get the sites again, if these"
            + " answer.",
        "Both survive a restart of the server."
      })
  static final class Maintenance extends DrpCommand {
    @Parameters(index = "0", paramLabel = "on|off", description = "Whether visitors get the page.")
    private Switch wanted;

    @Parameters(index = "1", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    /** Two words. */
    private enum Switch {
      ON,
      OFF
    }

    @Override
    ExitStatus run(Session session) {
      ReverseProxy proxy = proxy(session, environment);
      switch (wanted) {
        case ON ->
            print(
                session, environment, proxy.startMaintenance(), environment + " is in maintenance");
        case OFF ->
            print(session, environment, proxy.endMaintenance(), environment + " serves visitors");
      }
      return ExitStatus.OK;
    }
  }

  /** {@code drp proxy route}. */
  @Command(
      name = "route",
      description =
          "Send all requests of a site elsewhere, or where the configuration file sends them."
              + " Survives a restart of the server; taken back if nobody answers there.")
  static final class Route extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Parameters(index = "1", paramLabel = "SITE", description = "The site's name, without port.")
    private String site;

    @ArgGroup(multiplicity = "1")
    private Where where = new Where();

    /** One of two. */
    private static final class Where {
      @Option(
          names = "--to",
          paramLabel = "UPSTREAM",
          description = "Host and port, such as 127.0.0.1:8001 or https://standby.example.net:443.")
      private @Nullable String upstream;

      @Option(names = "--as-configured", description = "Where the configuration file sends them.")
      private boolean asConfigured;
    }

    @Override
    ExitStatus run(Session session) {
      ReverseProxy proxy = proxy(session, environment);
      if (where.asConfigured || where.upstream == null) {
        print(
            session,
            environment,
            proxy.routeAsConfigured(site),
            site + " is sent where the configuration file says");
      } else {
        Upstream upstream = upstream(where.upstream);
        print(
            session,
            environment,
            proxy.route(site, upstream),
            "%s is sent to %s".formatted(site, upstream));
      }
      return ExitStatus.OK;
    }

    private static Upstream upstream(String text) {
      try {
        return Upstream.parse(text);
      } catch (IllegalArgumentException e) {
        throw new RecoveryException(
            ErrorCode.USAGE,
            "%s is no upstream".formatted(Format.quote(text)),
            "give host and port, such as 127.0.0.1:8001 or https://standby.example.net:443.",
            e);
      }
    }
  }

  /** {@code drp proxy restart}. */
  @Command(
      name = "restart",
      description = {
        "Restart the server by the plan's command, also one that is down, and wait until its sites"
            + " answer. With an invalid configuration file it is not restarted.",
        "Exit code 6 if the file would change sites of other environments."
      })
  static final class Restart extends DrpCommand {
    @Parameters(index = "0", paramLabel = "ENVIRONMENT", description = "The environment.")
    private String environment;

    @Option(names = "--whole", description = "Also if that changes sites of other environments.")
    private boolean whole;

    @Override
    ExitStatus run(Session session) {
      proxy(session, environment).restart(reach(whole));
      session.print(
          () -> Json.object().put("environment", environment).put("restarted", true),
          out -> out.line("restarted; the sites of %s answer".formatted(environment)));
      return ExitStatus.OK;
    }
  }
}
