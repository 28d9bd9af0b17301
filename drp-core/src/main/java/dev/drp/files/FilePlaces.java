package dev.drp.files;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ContainerRuntime;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * Where the files of an environment are.
 *
 * @param host runs programs on its machine
 * @param engine its container engine; asked for when a container is
 * @param without folders that are never read: the storages of backups, and our own state
 */
public record FilePlaces(
    CommandRunner host, Supplier<ContainerRuntime> engine, List<Path> without) {
  public FilePlaces {
    requireNonNull(host, "host");
    requireNonNull(engine, "engine");
    without = List.copyOf(without);
  }
}
