package dev.drp.postgres;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The clusters that Debian's tools (postgresql-common) manage: each has its settings in a folder
 * below {@code /etc/postgresql}, by version and name.
 */
final class DebianClusters {
  private static final Pattern DIRECTORY =
      Pattern.compile("(?m)^[ \\t]*data_directory[ \\t]*=?[ \\t]*'([^'\\n]+)'");
  private static final Pattern PORT = Pattern.compile("(?m)^[ \\t]*port[ \\t]*=?[ \\t]*'?(\\d+)'?");

  private final Path settings;

  /**
   * @param settings {@code /etc/postgresql}
   */
  DebianClusters(Path settings) {
    this.settings = settings;
  }

  /** A cluster. */
  record Cluster(String version, String name, Path directory, int port) {
    List<String> control(String action) {
      return action.equals("stop")
          ? List.of("pg_ctlcluster", "--mode", "fast", version, name, action)
          : List.of("pg_ctlcluster", version, name, action);
    }
  }

  Optional<Cluster> withDirectory(Path directory) {
    return only(all().stream().filter(it -> it.directory.equals(directory)).toList());
  }

  Optional<Cluster> onPort(int port) {
    return only(all().stream().filter(it -> it.port == port).toList());
  }

  /** Where several fit, none of them is meant for certain. */
  private static Optional<Cluster> only(List<Cluster> clusters) {
    return clusters.size() == 1 ? Optional.of(clusters.get(0)) : Optional.empty();
  }

  private List<Cluster> all() {
    if (!Files.isDirectory(settings)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(settings, 3)) {
      return files
          .filter(file -> file.getNameCount() == settings.getNameCount() + 3)
          .filter(file -> file.endsWith("postgresql.conf"))
          .flatMap(file -> read(file).stream())
          .toList();
    } catch (IOException | UncheckedIOException e) {
      return List.of(); // not for us to read: then the plan has to say it
    }
  }

  private static Optional<Cluster> read(Path file) {
    String text;
    try {
      text = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return Optional.empty();
    }
    Optional<String> directory = last(DIRECTORY, text);
    return directory.map(
        it ->
            new Cluster(
                file.getName(file.getNameCount() - 3).toString(),
                file.getName(file.getNameCount() - 2).toString(),
                Path.of(it).normalize(),
                last(PORT, text).map(Integer::parseInt).orElse(5432)));
  }

  /** Of a setting that is given twice, the last one counts. */
  private static Optional<String> last(Pattern setting, String text) {
    Matcher matcher = setting.matcher(text);
    Optional<String> value = Optional.empty();
    while (matcher.find()) {
      value = Optional.of(matcher.group(1));
    }
    return value;
  }
}
