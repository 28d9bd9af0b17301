package dev.drp.plan;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The Docker Compose project of an environment. */
public record ComposeSettings(
    @Key("name of the Compose project, as in docker compose --project-name") String project,
    @Key("folder that holds the Compose files") Path directory,
    @Key("Compose files in that folder; those that Compose finds by itself if left out")
        List<String> files) {
  private static final Pattern PROJECT = Pattern.compile("[a-z0-9][a-z0-9_-]*");

  public ComposeSettings {
    files = List.copyOf(files);
    Rules.of("compose")
        .check(
            PROJECT.matcher(project).matches(),
            "project",
            Text.quote(project),
            "a project name as Compose allows it: small letters, digits, - and _")
        .enforce();
  }

  /** The Compose files with their folder; empty if Compose is to find them by itself. */
  public List<Path> filePaths() {
    return files.stream().map(directory::resolve).toList();
  }
}
