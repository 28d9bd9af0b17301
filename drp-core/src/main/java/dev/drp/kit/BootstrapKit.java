package dev.drp.kit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.RunningCommand;
import dev.drp.state.DurableFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarOutputStream;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.jspecify.annotations.Nullable;

/**
 * Makes the bootstrap kit: the program with the Java that it runs on, the plan, and the files that
 * the plan needs to reach its storages, as one encrypted tar, and a page to be printed that says
 * how a rebuild on a new machine begins with it. Safe for concurrent use.
 */
public final class BootstrapKit {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final String FILES = "files";
  private static final Duration LONG = Duration.ofMinutes(30);

  /** What the program uses of Java; of jlink's modules. */
  private static final String MODULES =
      "java.se,jdk.crypto.ec,jdk.localedata,jdk.unsupported,jdk.zipfs";

  private final CommandRunner local;
  private final Clock clock;

  /**
   * @param local runs {@code tar} on this machine
   */
  public BootstrapKit(CommandRunner local, Clock clock) {
    this.local = requireNonNull(local, "local");
    this.clock = requireNonNull(clock, "clock");
  }

  /**
   * Makes a kit and its page, readable by their owner only, under names that have the time in them.
   *
   * @throws RecoveryException with REFUSED when the plan names no recipients and the kit is not
   *     asked to be plain; LOCAL_FILE when a file cannot be read or written
   */
  public Kit make(KitRequest request) {
    if (!request.encrypted() && !request.plain()) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "the kit would hold keys and passwords, and the plan names nobody to encrypt it for",
          "name recipients in encryption.recipients of the plan; or have it made plain, and it"
              + " leaves all secrets out.");
    }
    Instant now = clock.instant();
    String name =
        "drp-kit-%s-%s"
            .formatted(
                request.plan().application().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-"),
                TIME.format(now));
    @Nullable Path stage = null;
    try {
      Files.createDirectories(request.folder());
      stage =
          Files.createTempDirectory(
              request.folder(),
              ".drp-kit",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      return make(request, name, now, Files.createDirectory(stage.resolve(name)));
    } catch (IOException e) {
      throw failed(request, e);
    } catch (UncheckedIOException e) {
      throw failed(request, new IOException(e.getMessage(), e));
    } finally {
      if (stage != null) {
        remove(stage);
      }
    }
  }

  private Kit make(KitRequest request, String name, Instant now, Path content) throws IOException {
    List<String> missing = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    program(request, content, notes);
    PlanReferences references = PlanReferences.of(request.plan(), request.home());
    boolean withSecrets = request.encrypted();
    place(request.planFile(), content, missing);
    references.hostKeys().forEach(file -> place(file, content, missing));
    if (withSecrets) {
      references.secrets().forEach(file -> place(file, content, missing));
    } else {
      references
          .secrets()
          .forEach(file -> notes.add("%s holds a secret and is left out".formatted(file)));
    }
    references
        .variables()
        .forEach(it -> notes.add("variable %s of the environment is not in it".formatted(it)));
    KitPage page = new KitPage(request, references, name, now, missing, notes);
    DurableFile.write(content.resolve("START.md"), page.inside().getBytes(UTF_8));
    Path file = request.folder().resolve(name + ".tar" + request.coding().suffix());
    Path unfinished = content.resolveSibling("kit");
    String sha256 = pack(request, content, unfinished);
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    Path printed = request.folder().resolve(name + ".md");
    DurableFile.write(
        printed,
        page.printed(file.getFileName().toString(), Files.size(file), sha256).getBytes(UTF_8));
    return new Kit(file, Files.size(file), sha256, printed, missing, notes);
  }

  private static void program(KitRequest request, Path content, List<String> notes)
      throws IOException {
    Path library = Files.createDirectory(content.resolve("lib"));
    int number = 0;
    for (Path part : request.program()) {
      if (Files.isRegularFile(part)) {
        Files.copy(part, library.resolve(part.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      } else if (Files.isDirectory(part)) {
        jar(part, library.resolve("classes-%02d.jar".formatted(number++)));
      }
    }
    Path start = content.resolve("drp");
    try (InputStream script = BootstrapKit.class.getResourceAsStream("drp.sh")) {
      Files.writeString(
          start,
          new String(requireNonNull(script, "drp.sh").readAllBytes(), UTF_8)
              .replace("@MAIN@", request.mainClass()));
    }
    Files.setPosixFilePermissions(start, PosixFilePermissions.fromString("rwxr-xr-x"));
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
                        content.resolve("runtime").toString(),
                        "--strip-java-debug-attributes",
                        "--no-header-files",
                        "--no-man-pages")
                == 0;
    if (!made) {
      notes.add(
          "no Java is in it, as this one cannot make a copy of itself%s: the new machine needs one of"
                  .formatted(jlink.isPresent() ? " (" + said.toString().strip() + ")" : "")
              + " version 17 or later");
    }
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

  /** Copies a file to where its absolute path is below the folder of files. */
  private static void place(Path file, Path content, List<String> missing) {
    Path absolute = file.toAbsolutePath().normalize();
    Path target = content.resolve(FILES).resolve(absolute.getRoot().relativize(absolute));
    try {
      DurableFile.write(target, Files.readAllBytes(absolute));
    } catch (IOException e) {
      missing.add("%s is not in it: it cannot be read here".formatted(absolute));
    }
  }

  /** Returns the hash of what was written. */
  private String pack(KitRequest request, Path content, Path file) throws IOException {
    MessageDigest hash = sha256();
    Command tar =
        Command.of(
                "tar",
                "--create",
                "--numeric-owner",
                "--owner=0",
                "--group=0",
                "--directory",
                requireNonNull(content.getParent(), "parent").toString(),
                content.getFileName().toString())
            .within(LONG);
    try (OutputStream output =
            Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream hashed = new DigestOutputStream(output, hash);
        RunningCommand running = local.start(tar)) {
      running.stdin().close();
      try (OutputStream coded = request.coding().encode(hashed);
          InputStream stdout = running.stdout()) {
        stdout.transferTo(coded);
      }
      running.await().requireSuccess();
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.WRITE))) {
      channel.force(true);
    }
    return HexFormat.of().formatHex(hash.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void remove(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
                throws IOException {
              Files.delete(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot remove %s: %s".formatted(folder, e),
          "remove it: it holds what went into the kit, unencrypted.",
          e);
    }
  }

  private static RecoveryException failed(KitRequest request, IOException cause) {
    return new RecoveryException(
        ErrorCode.LOCAL_FILE,
        "cannot make a kit in %s: %s".formatted(request.folder(), cause),
        "check that there is room for some 200 MB and that this user may write there.",
        cause);
  }
}
