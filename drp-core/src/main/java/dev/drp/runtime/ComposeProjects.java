package dev.drp.runtime;

import java.nio.file.Path;
import java.util.List;

/** Reaches Compose projects at one site. Safe for concurrent use. */
public interface ComposeProjects {
  /**
   * A project. Reaches for nothing.
   *
   * @param name as in {@code docker compose --project-name}
   * @param folder that its files are in, and that their relative paths begin at
   * @param files in that folder; those that Compose finds by itself where it is empty
   */
  ComposeProject open(String name, Path folder, List<String> files);
}
