package dev.drp.procedure;

import static java.util.Objects.requireNonNull;

import dev.drp.database.DatabaseConnector;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.proxy.ReverseProxies;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ComposeProjects;
import dev.drp.runtime.ContainerRuntime;
import java.util.function.Supplier;

/**
 * What recovery plans of a whole environment reach.
 *
 * @param engine asked for when a step needs it
 * @param programs runs what the team's own plans name
 */
public record RecoveryPorts(
    ComposeProjects projects,
    Supplier<ContainerRuntime> engine,
    DatabaseConnector databases,
    ReverseProxies proxies,
    HttpProbe probe,
    NameResolver resolver,
    CommandRunner programs) {
  public RecoveryPorts {
    requireNonNull(projects, "projects");
    requireNonNull(engine, "engine");
    requireNonNull(databases, "databases");
    requireNonNull(proxies, "proxies");
    requireNonNull(probe, "probe");
    requireNonNull(resolver, "resolver");
    requireNonNull(programs, "programs");
  }
}
