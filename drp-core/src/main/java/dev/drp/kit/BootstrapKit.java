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
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
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
import java.util.Set;
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

  private static final Set<StandardOpenOption> NEW =
      Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  private static final FileAttribute<?> OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final CommandRunner local;
  private final Clock clock;
  private final JavaCopy java;

  /**
   * @param local runs {@code tar} on this machine
   */
  public BootstrapKit(CommandRunner local, Clock clock) {
    this(local, clock, KitProgram::linkJava);
  }

  BootstrapKit(CommandRunner local, Clock clock, JavaCopy java) {
    this.local = requireNonNull(local, "local");
    this.clock = requireNonNull(clock, "clock");
    this.java = requireNonNull(java, "java");
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
      stage = Files.createTempDirectory("drp-kit");
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
    new KitProgram(request.program(), request.mainClass(), java)
        .putInto(content)
        .ifPresent(notes::add);
    PlanReferences references = PlanReferences.of(request.plan(), request.home());
    link(request.planFile(), content, missing);
    references.hostKeys().forEach(file -> link(file, content, missing));
    if (request.encrypted()) {
      references.secrets().forEach(file -> link(file, content, missing));
    } else {
      references
          .secrets()
          .forEach(file -> notes.add("%s holds a secret and is left out".formatted(file)));
    }
    references
        .variables()
        .forEach(it -> notes.add("variable %s of the environment is not in it".formatted(it)));
    references
        .withoutKey()
        .forEach(it -> notes.add("no private key for %s is known here".formatted(it)));
    KitPage page = new KitPage(request, references, name, now, missing, notes);
    DurableFile.write(content.resolve("START.md"), page.inside().getBytes(UTF_8));
    Path file = request.folder().resolve(name + ".tar" + request.coding().suffix());
    String sha256 = pack(request, content, file);
    Path printed = request.folder().resolve(name + ".md");
    DurableFile.write(
        printed,
        page.printed(file.getFileName().toString(), Files.size(file), sha256).getBytes(UTF_8));
    return new Kit(file, Files.size(file), sha256, printed, missing, notes);
  }

  /**
   * Links to a file from where its absolute path is below the folder of files. A link and no copy:
   * what is secret is written nowhere but encrypted.
   */
  private static void link(Path file, Path content, List<String> missing) {
    Path absolute = file.toAbsolutePath().normalize();
    if (!Files.isRegularFile(absolute) || !Files.isReadable(absolute)) {
      missing.add("%s is not in it: it cannot be read here".formatted(absolute));
      return;
    }
    Path link = content.resolve(FILES).resolve(absolute.getRoot().relativize(absolute));
    try {
      DurableFile.createFolders(requireNonNull(link.getParent(), "parent"));
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, absolute);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the hash of what was written. */
  private String pack(KitRequest request, Path content, Path file) throws IOException {
    MessageDigest hash = sha256();
    Path unfinished = file.resolveSibling(file.getFileName() + ".unfinished");
    Command tar =
        Command.of(
                "tar",
                "--create",
                "--dereference",
                "--numeric-owner",
                "--owner=0",
                "--group=0",
                "--directory",
                requireNonNull(content.getParent(), "parent").toString(),
                content.getFileName().toString())
            .within(LONG);
    try {
      try (OutputStream output =
              Channels.newOutputStream(FileChannel.open(unfinished, NEW, OWNER));
          OutputStream hashed = new DigestOutputStream(output, hash);
          RunningCommand running = local.start(tar)) {
        running.stdin().close();
        try (OutputStream coded = request.coding().encode(hashed);
            InputStream stdout = running.stdout()) {
          stdout.transferTo(coded);
        }
        running.await().requireSuccess();
      }
      try (FileChannel written = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
        written.force(true);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(unfinished);
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
          "remove it; it holds no secret.",
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
