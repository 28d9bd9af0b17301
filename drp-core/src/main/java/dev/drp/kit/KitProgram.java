package dev.drp.kit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarOutputStream;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/**
 * This program as it is in a kit: its jars, a script that starts it, and the Java that it runs on.
 *
 * @param classPath jars, and folders of classes
 * @param mainClass what it starts with
 * @param java makes the Java
 */
record KitProgram(List<Path> classPath, String mainClass, JavaCopy java) {
  /** What it uses of Java; of jlink's modules. */
  private static final String MODULES =
      "java.se,jdk.crypto.ec,jdk.localedata,jdk.naming.dns,jdk.unsupported,jdk.zipfs";

  KitProgram {
    classPath = List.copyOf(classPath);
    requireNonNull(mainClass, "mainClass");
    requireNonNull(java, "java");
  }

  /** Puts it into a folder, jars as links to them. Returns what it lacks, for a person. */
  Optional<String> putInto(Path folder) throws IOException {
    Path library = Files.createDirectory(folder.resolve("lib"));
    int number = 0;
    for (Path part : classPath) {
      Path jar = library.resolve(part.getFileName());
      if (Files.isRegularFile(part) && !Files.exists(jar)) {
        Files.createSymbolicLink(jar, part.toRealPath());
      } else if (Files.isDirectory(part)) {
        jar(part, library.resolve("classes-%02d.jar".formatted(number++)));
      }
    }
    Path start = folder.resolve("drp");
    try (InputStream script = KitProgram.class.getResourceAsStream("drp.sh")) {
      Files.writeString(
          start,
          new String(requireNonNull(script, "drp.sh").readAllBytes(), UTF_8)
              .replace("@MAIN@", mainClass));
    }
    Files.setPosixFilePermissions(start, PosixFilePermissions.fromString("rwxr-xr-x"));
    return java.makeIn(folder.resolve("runtime"));
  }

  /** The Java that this program runs on, without what it does not use. */
  static Optional<String> linkJava(Path runtime) {
    Optional<ToolProvider> jlink = ToolProvider.findFirst("jlink");
    StringWriter said = new StringWriter();
    PrintWriter output = new PrintWriter(said);
    boolean made =
        jlink.isPresent()
            && jlink
                    .get()
                    .run(
                        output,
                        output,
                        "--add-modules",
                        MODULES,
                        "--output",
                        runtime.toString(),
                        "--strip-java-debug-attributes",
                        "--no-header-files",
                        "--no-man-pages")
                == 0;
    return made
        ? Optional.empty()
        : Optional.of(
            "no Java is in it, as this one cannot make a copy of itself%s: the new machine needs one"
                    .formatted(jlink.isPresent() ? " (" + said.toString().strip() + ")" : "")
                + " of version 17 or later");
  }

  private static void jar(Path folder, Path jar) throws IOException {
    try (JarOutputStream output = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        output.putNextEntry(new ZipEntry(folder.relativize(file).toString()));
        Files.copy(file, output);
        output.closeEntry();
      }
    }
  }
}
