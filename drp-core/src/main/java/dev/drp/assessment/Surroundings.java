package dev.drp.assessment;

import static java.util.Objects.requireNonNull;

import dev.drp.database.DatabaseConnector;
import dev.drp.plan.ComposeSettings;
import dev.drp.plan.Environment;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.proxy.ReverseProxies;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.ComposeProjects;
import dev.drp.runtime.ContainerRuntime;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What an assessment asks. What is supplied is asked for on the thread of each question, and may
 * throw.
 */
public record Surroundings(
    ThisMachine machine,
    Supplier<ContainerRuntime> engine,
    Supplier<ComposeProjects> projects,
    DatabaseConnector databases,
    HttpProbe http,
    NameResolver names,
    Supplier<ReverseProxies> proxies) {
  public Surroundings {
    requireNonNull(machine, "machine");
    requireNonNull(engine, "engine");
    requireNonNull(projects, "projects");
    requireNonNull(databases, "databases");
    requireNonNull(http, "http");
    requireNonNull(names, "names");
    requireNonNull(proxies, "proxies");
  }

  /** A way to the Compose project of an environment; empty where it has none. */
  Optional<Supplier<ComposeProject>> project(Environment environment) {
    return environment.compose().map(compose -> () -> open(compose));
  }

  private ComposeProject open(ComposeSettings compose) {
    return projects.get().open(compose.project(), compose.directory(), compose.files());
  }
}
