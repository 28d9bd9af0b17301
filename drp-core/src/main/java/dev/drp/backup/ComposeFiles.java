package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.plan.ComposeSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * The files that a Compose project is made of, as they are written: its folder, and what its
 * Compose files refer to outside of it. Read as text, so that no variable is filled in.
 */
final class ComposeFiles {
  private static final List<String> FOUND_BY_ITSELF =
      List.of(
          "compose.yaml",
          "compose.yml",
          "docker-compose.yaml",
          "docker-compose.yml",
          "compose.override.yaml",
          "compose.override.yml",
          "docker-compose.override.yaml",
          "docker-compose.override.yml");

  private final Path directory;
  private final Set<Path> outside = new LinkedHashSet<>();
  private final List<String> unknown = new ArrayList<>();

  private ComposeFiles(Path directory) {
    this.directory = directory;
  }

  static ComposeFiles of(ComposeSettings compose) {
    ComposeFiles files = new ComposeFiles(compose.directory().toAbsolutePath().normalize());
    List<Path> named = compose.filePaths();
    Stream<Path> all =
        named.isEmpty() ? FOUND_BY_ITSELF.stream().map(files.directory::resolve) : named.stream();
    all.filter(Files::isRegularFile).forEach(files::read);
    return files;
  }

  /** The folder, and files that are not below it. */
  List<Path> paths() {
    List<Path> paths = new ArrayList<>(List.of(directory));
    paths.addAll(outside);
    return paths;
  }

  /** Files that are referred to by names with variables. */
  List<String> unknown() {
    return unknown;
  }

  private void read(Path file) {
    add(file.toString());
    try (InputStream content = Files.newInputStream(file)) {
      LoaderOptions options = new LoaderOptions();
      options.setMaxAliasesForCollections(1000);
      Object compose = new Yaml(new SafeConstructor(options)).load(content);
      for (Object service : entries(compose, "services")) {
        addAll(value(service, "env_file"), "path");
        addAll(value(service, "extends"), "file");
      }
      addAll(value(compose, "include"), "path");
      entries(compose, "configs").forEach(it -> addAll(value(it, "file"), "file"));
      entries(compose, "secrets").forEach(it -> addAll(value(it, "file"), "file"));
    } catch (IOException | YAMLException e) {
      throw new RecoveryException(
          ErrorCode.FILES_MISSING,
          "Compose file %s cannot be read: %s".formatted(file, e.getClass().getSimpleName()),
          "check it with docker compose config.",
          e);
    }
  }

  /** A text, a list of texts, or sections that have it under a key. */
  private void addAll(Object value, String key) {
    if (value instanceof String text) {
      add(text);
    } else if (value instanceof List<?> several) {
      several.forEach(it -> addAll(it, key));
    } else if (value instanceof Map<?, ?>) {
      addAll(value(value, key), key);
    }
  }

  private void add(String name) {
    if (name.isEmpty()) {
      return;
    }
    if (name.contains("$")) {
      unknown.add(name);
      return;
    }
    Path path = directory.resolve(name).normalize();
    if (!path.startsWith(directory)) {
      outside.add(path);
    }
  }

  private static Collection<?> entries(Object section, String key) {
    return value(section, key) instanceof Map<?, ?> entries ? entries.values() : List.of();
  }

  private static Object value(Object section, String key) {
    Object value = section instanceof Map<?, ?> map ? map.get(key) : null;
    return value == null ? "" : value;
  }
}
