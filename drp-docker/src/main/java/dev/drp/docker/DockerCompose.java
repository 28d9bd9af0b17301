package dev.drp.docker;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ComposeProject;
import dev.drp.runtime.ComposeProjects;
import dev.drp.runtime.ContainerRuntime;
import java.nio.file.Path;
import java.util.List;

/** Compose projects of one site, by its {@code docker compose} program. */
public final class DockerCompose implements ComposeProjects {
  private final CommandRunner commands;
  private final ContainerRuntime engine;

  /**
   * @param commands runs programs on the site
   * @param engine the engine that {@code docker} uses there
   */
  public DockerCompose(CommandRunner commands, ContainerRuntime engine) {
    this.commands = requireNonNull(commands, "commands");
    this.engine = requireNonNull(engine, "engine");
  }

  @Override
  public ComposeProject open(String name, Path folder, List<String> files) {
    return new DockerComposeProject(new ComposeCommand(commands, name, folder, files), engine);
  }
}
