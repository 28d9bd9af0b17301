package dev.drp.it.support;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarFile;

/**
 * The classes that the command line loads, as the JVM wants them (AppCDS): each start saves a third
 * of its processor time. Made from jars only; a build that does not package has none.
 */
final class ClassArchive {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  static final String MAIN = "dev.drp.cli.Main";

  /** Enough to load what asks an engine and a server; neither has to be there. */
  private static final String PLAN =
      """
      format: 1
      application: training
      sites: { here: { host: local } }
      environments:
        production:
          site: here
          compose: { project: drp-training, directory: %1$s }
          database: { host: 127.0.0.1, port: 1, name: app, user: nobody }
      storages: { local: { directory: %1$s/storage } }
      """;

  private ClassArchive() {}

  /**
   * Makes one that lives as long as this JVM.
   *
   * @param java a JVM and its options, with which the archive will be used
   * @return the archive, or nothing where this JVM or class path can have none
   */
  static Optional<Path> make(List<String> java, List<Path> classPath) {
    if (!classPath.stream().allMatch(Files::isRegularFile)) {
      return Optional.empty();
    }
    try {
      String path = joined(classPath);
      Path folder = Files.createTempDirectory("drp-it-classes");
      Path plan = Files.writeString(folder.resolve("drp.yaml"), PLAN.formatted(folder));
      Set<String> classes = new LinkedHashSet<>();
      for (List<String> training :
          List.of(List.of("assess", "production"), List.of("backup", "production"))) {
        Path loaded = folder.resolve("loaded");
        List<String> command = new ArrayList<>(java);
        command.addAll(List.of("-XX:DumpLoadedClassList=" + loaded, "-cp", path));
        command.addAll(List.of(MAIN, "--plan", "" + plan, "--state", folder + "/state"));
        command.addAll(training);
        Programs.run(command, folder, Map.of(), "", LIMIT); // it fails, and that is fine
        if (Files.exists(loaded)) {
          Files.readAllLines(loaded).forEach(it -> classes.add(it.replaceFirst(" id: .*", "")));
        }
      }
      for (Path jar : classPath) {
        if (jar.getFileName().toString().startsWith("drp-")) {
          addClassesOf(jar, classes);
        }
      }
      Path list = Files.write(folder.resolve("list"), classes);
      Path archive = folder.resolve("classes.jsa");
      List<String> dump = new ArrayList<>(java);
      dump.addAll(List.of("-Xshare:dump", "-XX:SharedClassListFile=" + list));
      dump.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-cp", path));
      Programs.run(dump, folder, Map.of(), "", LIMIT);
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(() -> Programs.run("rm", "-rf", "" + folder), "remove class archive"));
      return Optional.of(archive).filter(Files::exists);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String joined(List<Path> classPath) {
    return String.join(File.pathSeparator, classPath.stream().map(Path::toString).toList());
  }

  private static void addClassesOf(Path jar, Collection<String> classes) throws IOException {
    try (JarFile content = new JarFile(jar.toFile())) {
      content.stream()
          .map(entry -> entry.getName())
          .filter(name -> name.endsWith(".class") && !name.contains("-info"))
          .forEach(name -> classes.add(name.replace(".class", "")));
    }
  }
}
