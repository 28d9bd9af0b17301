package dev.drp.caddy;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.databind.JsonNode;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ProxySettings;
import dev.drp.plan.SiteAddress;
import dev.drp.proxy.ConfigurationChange;
import dev.drp.proxy.ConfigurationCheck;
import dev.drp.proxy.ProxyStatus;
import dev.drp.proxy.ProxyTarget;
import dev.drp.proxy.ReverseProxy;
import dev.drp.proxy.Upstream;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import dev.drp.state.StateLock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A Caddy with a Caddyfile, changed over its admin API. How and why: docs/design/reverse-proxy.md.
 */
public final class CaddyReverseProxy implements ReverseProxy {
  private final ProxyTarget target;
  private final ProxySettings settings;
  private final CommandRunner programs;
  private final Limits limits;
  private final AdminApi admin;
  private final OwnedFile file;
  private final SiteClient sites;
  private final Probes probes;

  /**
   * Reaches for nothing yet.
   *
   * @param programs where the restart command is run
   */
  public CaddyReverseProxy(ProxyTarget target, CommandRunner programs) {
    this(target, programs, Limits.USUAL);
  }

  CaddyReverseProxy(ProxyTarget target, CommandRunner programs, Limits limits) {
    this.target = target;
    this.settings = target.settings();
    this.programs = programs;
    this.limits = limits;
    this.admin = new AdminApi(settings, limits);
    this.file = new OwnedFile(settings.caddyfile(), target.environment());
    this.sites = new SiteClient(settings.connect(), limits.connect());
    this.probes = new Probes(settings, sites);
  }

  @Override
  public ConfigurationCheck check() {
    AdminApi.Adapted adapted = admin.adapt();
    return new ConfigurationCheck(
        admin.running().changesTo(adapted.configuration()),
        adapted.warnings(),
        file.text().isEmpty()
            ? List.of(
                "%s is not there yet: `drp proxy apply %s` writes it"
                    .formatted(file.path(), target.environment()))
            : Imports.problems(adapted.configuration(), target, settings));
  }

  @Override
  public List<ConfigurationChange> apply(Reach reach) {
    return change(
        "apply", UnaryOperator.identity(), (running, wanted) -> whole(running, wanted, reach));
  }

  @Override
  public List<ConfigurationChange> startMaintenance() {
    return change("maintenance on", it -> it.withMaintenance(true), this::ownSites);
  }

  @Override
  public List<ConfigurationChange> endMaintenance() {
    return change("maintenance off", it -> it.withMaintenance(false), this::ownSites);
  }

  @Override
  public List<ConfigurationChange> route(String host, Upstream upstream) {
    requireSite(host);
    return change(
        "route %s to %s".formatted(host, upstream),
        it -> it.withRoute(host, upstream),
        this::ownSites);
  }

  @Override
  public List<ConfigurationChange> routeAsConfigured(String host) {
    requireSite(host);
    return change("route %s".formatted(host), it -> it.withoutRoute(host), this::ownSites);
  }

  private void requireSite(String host) {
    List<String> hosts = settings.sites().stream().map(SiteAddress::host).toList();
    if (!hosts.contains(host)) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "%s has no site %s".formatted(target.environment(), Shown.text(host)),
          "proxy.sites of the plan has: %s.".formatted(String.join(", ", hosts)));
    }
  }

  /** What to load so that the server runs what is wanted. */
  private interface Selection {
    CaddyConfiguration of(CaddyConfiguration running, CaddyConfiguration wanted);
  }

  /** The runbook of every change. */
  private List<ConfigurationChange> change(
      String name, UnaryOperator<Content> edit, Selection selection) {
    try (StateLock lock = lock()) {
      requireNonNull(lock);
      CaddyConfiguration running = admin.running();
      Content wanted = edit.apply(file.content());
      Optional<OwnedFile.Unfinished> killed = file.unfinished(name);
      OwnedFile.Unfinished before =
          killed.orElseGet(() -> new OwnedFile.Unfinished(name, file.text(), running));
      file.begin(before);
      try {
        CaddyConfiguration next = selection.of(running, adapted(wanted));
        requireSameAdmin(running, next);
        List<ConfigurationChange> changes = running.changesTo(next);
        if (!running.equals(next)) {
          wanted = wanted.withNewLoad();
          admin.load(selection.of(running, adapted(wanted)));
        }
        probes.run(wanted);
        file.end();
        return changes;
      } catch (RecoveryException e) {
        throw goBack(before, killed.isPresent(), e);
      }
    }
  }

  /** Writes our file, and tells what the Caddyfile means then. */
  private CaddyConfiguration adapted(Content content) {
    file.write(Optional.of(text(content)));
    CaddyConfiguration adapted = admin.adapt().configuration();
    Imports.require(adapted, target, settings);
    return adapted;
  }

  private String text(Content content) {
    return content.text(target.environment(), settings.maintenance(), target.language());
  }

  private StateLock lock() {
    return file.lock(
        "process %d, for %s".formatted(ProcessHandle.current().pid(), target.environment()));
  }

  private CaddyConfiguration ownSites(CaddyConfiguration running, CaddyConfiguration wanted) {
    return running
        .withSitesOf(wanted, target::isOwn)
        .orElseThrow(
            () ->
                new RecoveryException(
                    ErrorCode.REFUSED,
                    "the sites of %s in %s are not yet those that Caddy runs"
                        .formatted(target.environment(), settings.caddyfile()),
                    "a site was added, removed or renamed: `drp proxy check %1$s` shows it, `drp"
                            .formatted(target.environment())
                        + " proxy apply %s` brings it in.".formatted(target.environment())));
  }

  private CaddyConfiguration whole(
      CaddyConfiguration running, CaddyConfiguration wanted, Reach reach) {
    if (reach == Reach.OWN_SITES) {
      requireOthersUntouched(running.changesTo(wanted));
    }
    return wanted;
  }

  private void requireOthersUntouched(List<ConfigurationChange> changes) {
    Set<String> others = new TreeSet<>();
    List<String> touched = new ArrayList<>();
    for (ConfigurationChange change : changes) {
      Set<String> whose = target.others(change.sites());
      if (!whose.isEmpty()) {
        others.addAll(whose);
        touched.add(
            "%s %s".formatted(change.what(), change.kind().name().toLowerCase(Locale.ROOT)));
      }
    }
    if (!others.isEmpty()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s has changes for sites of %s, too: %s"
              .formatted(
                  settings.caddyfile(), String.join(", ", others), String.join(", ", touched)),
          "look at them with `drp proxy check %s`, then repeat this with --whole."
              .formatted(target.environment()));
    }
  }

  /** Caddy moves its admin API before it looks at the rest, and leaves it there if it refuses. */
  private void requireSameAdmin(CaddyConfiguration running, CaddyConfiguration next) {
    if (!running.admin().equals(next.admin())) {
      throw new RecoveryException(
          ErrorCode.PROXY_INVALID,
          "%s says another admin than Caddy runs with: %s, not %s"
              .formatted(
                  settings.caddyfile(),
                  Shown.text(next.admin().toString()),
                  Shown.text(running.admin().toString())),
          "that takes a restart: `drp proxy restart %s`, after proxy.admin of the plan."
              .formatted(target.environment()));
    }
  }

  /** File and server as they were; what is thrown says whether that worked. */
  private RecoveryException goBack(
      OwnedFile.Unfinished before, boolean othersMayHaveChanged, RecoveryException reason) {
    boolean interrupted = Thread.interrupted(); // it would keep us from it
    try {
      file.write(before.text());
      CaddyConfiguration now = admin.running();
      CaddyConfiguration back =
          othersMayHaveChanged
              ? now.withSitesOf(before.configuration(), target::isOwn).orElse(now)
              : before.configuration();
      boolean changed = !now.equals(back);
      if (changed) {
        admin.load(back);
      }
      file.end();
      return reason.code() == ErrorCode.PROXY_PROBE_FAILED && changed
          ? with(
              reason,
              "%s\nthe previous configuration serves again".formatted(reason.problem()),
              "%s A Caddyfile that is wrong stays as it is: correct it, as a restart loads it."
                  .formatted(reason.hint()))
          : reason;
    } catch (RecoveryException e) {
      return with(
          reason,
          "%s\nand the previous configuration could not be brought back: %s"
              .formatted(reason.problem(), e.problem()),
          reason.hint() + " " + e.hint());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static RecoveryException with(RecoveryException cause, String problem, String hint) {
    return new RecoveryException(cause.code(), problem, hint, cause);
  }

  @Override
  public void restart(Reach reach) {
    if (settings.restart().isEmpty()) {
      throw new RecoveryException(
          ErrorCode.NOT_IN_PLAN,
          "the plan does not say how Caddy of %s is restarted".formatted(target.environment()),
          "add environments.%s.proxy.restart, such as [systemctl, restart, caddy]."
              .formatted(target.environment()));
    }
    try (StateLock lock = lock()) {
      requireNonNull(lock);
      Content content = file.content();
      requireThatItStarts(reach);
      runRestart();
      awaitStart();
      probes.run(content);
    }
  }

  /** A Caddy that it starts may keep its output open for good: its end is what counts. */
  private void runRestart() {
    Command command = Command.of(settings.restart()).within(limits.start());
    try (RunningCommand running = programs.start(command)) {
      running.stdin().close();
      running.await().requireSuccess();
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.COMMAND_FAILED,
          "%s: %s does not take the end of its input: %s"
              .formatted(programs.place(), command.program(), e),
          "check that the place is still up, then run this again.",
          e);
    }
  }

  /** As far as a server that may be down can tell. */
  private void requireThatItStarts(Reach reach) {
    try {
      CaddyConfiguration running = admin.running();
      List<ConfigurationChange> changes = running.changesTo(admin.adapt().configuration());
      if (reach == Reach.OWN_SITES) {
        requireOthersUntouched(changes);
      }
    } catch (RecoveryException e) {
      if (e.code() != ErrorCode.PROXY_UNAVAILABLE) {
        throw e;
      }
    }
  }

  private void awaitStart() {
    long deadline = System.nanoTime() + limits.start().toNanos();
    while (true) {
      try {
        List<ConfigurationChange> missing =
            admin.running().changesTo(admin.adapt().configuration());
        if (missing.isEmpty()) {
          return;
        }
        if (System.nanoTime() >= deadline) {
          throw new RecoveryException(
              ErrorCode.PROXY_FAILED,
              "after its restart, Caddy does not run what %s says: %s differs"
                  .formatted(settings.caddyfile(), missing.get(0).what()),
              "check that it is started with --config and this file, and without --resume.");
        }
      } catch (RecoveryException e) {
        if (e.code() != ErrorCode.PROXY_UNAVAILABLE) {
          throw e;
        }
        if (System.nanoTime() >= deadline) {
          throw with(
              e,
              "%s, %d s after its restart by %s"
                  .formatted(e.problem(), limits.start().toSeconds(), settings.restart().get(0)),
              "see why it does not start: caddy validate --config %s"
                  .formatted(settings.caddyfileSeenByCaddy()));
        }
      }
      Probes.pause();
    }
  }

  @Override
  public ProxyStatus status() {
    List<String> problems = new ArrayList<>();
    Content content = file.content();
    Optional<ConfigurationCheck> check = attempt(this::check, problems);
    check.ifPresent(it -> problems.addAll(it.unprepared()));
    List<ProxyStatus.Site> answers =
        settings.sites().stream().map(it -> site(it, problems)).toList();
    List<ProxyStatus.UpstreamHealth> upstreams =
        check.isEmpty() ? List.of() : attempt(this::upstreams, problems).orElse(List.of());
    upstreams.stream()
        .filter(it -> it.reachable().equals(Optional.of(false)))
        .forEach(it -> problems.add("upstream %s accepts no connection".formatted(it.address())));
    return new ProxyStatus(
        content.maintenance(), content.routes(), check, answers, upstreams, problems);
  }

  private static <T> Optional<T> attempt(Supplier<T> looking, List<String> problems) {
    try {
      return Optional.of(looking.get());
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
      problems.add(e.problem());
      return Optional.empty();
    }
  }

  private ProxyStatus.Site site(SiteAddress site, List<String> problems) {
    try {
      SiteClient.Answer answer = sites.get(site, limits.connect());
      return new ProxyStatus.Site(site, OptionalInt.of(answer.status()), answer.certificate());
    } catch (IOException e) {
      problems.add("site %s does not answer at %s: %s".formatted(site, settings.connect(), e));
      return new ProxyStatus.Site(site, OptionalInt.empty(), Optional.empty());
    }
  }

  private List<ProxyStatus.UpstreamHealth> upstreams() {
    Map<String, JsonNode> known = new HashMap<>();
    for (JsonNode upstream : admin.upstreams()) {
      known.put(upstream.path("address").asText(), upstream);
    }
    Set<String> own = new TreeSet<>();
    admin.running().sites().stream()
        .filter(it -> target.isOwn(it.hosts()))
        .forEach(it -> it.route().findValuesAsText("dial").forEach(own::add));
    return own.stream()
        .map(
            address -> {
              JsonNode counts = known.get(address);
              return new ProxyStatus.UpstreamHealth(
                  address,
                  counts == null ? 0 : counts.path("num_requests").asLong(),
                  counts == null ? 0 : counts.path("fails").asLong(),
                  reachable(address));
            })
        .toList();
  }

  /** From this machine; a Caddy in a container may see others than we do. */
  private Optional<Boolean> reachable(String address) {
    int colon = address.lastIndexOf(':');
    if (settings.caddyfileInside().isPresent()
        || !address.substring(colon + 1).matches("\\d{1,5}")) {
      return Optional.empty();
    }
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
          (int) limits.connect().toMillis());
      return Optional.of(true);
    } catch (IOException e) {
      return Optional.of(false);
    }
  }
}
