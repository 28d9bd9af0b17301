package dev.drp.caddy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.state.StateLock;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * The file of ours that an environment's sites import, and beside it what a change remembers until
 * it has ended. All in the folder {@code drp.d} beside the Caddyfile.
 */
final class OwnedFile {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String READABLE_BY_CADDY = "rw-r--r--";
  private static final String READABLE_BY_US = "rw-------";

  private final String environment;
  private final Path folder;
  private final Path file;
  private final Path unfinished;

  OwnedFile(Path caddyfile, String environment) {
    this.environment = environment;
    this.folder = caddyfile.resolveSibling("drp.d");
    this.file = folder.resolve(environment + ".caddy");
    this.unfinished = folder.resolve("." + environment + ".previous.json");
  }

  /**
   * What there was before a change that was begun.
   *
   * @param change which one
   * @param text of the file; empty if there was none
   */
  record Unfinished(String change, Optional<String> text, CaddyConfiguration configuration) {}

  Path path() {
    return file;
  }

  /** Keeps others from changing the same Caddy, whatever their environment. */
  StateLock lock(String holder) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectory(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    } catch (IOException e) {
      throw failed("create", folder, e);
    }
    return StateLock.take(folder.resolve(".lock"), "Caddy of " + folder.getParent(), holder);
  }

  /** Its text; empty if it is not there. */
  Optional<String> text() {
    return read(file);
  }

  /** What it says; nothing special if it is not there. */
  Content content() {
    return text()
        .map(text -> Content.parse(text, environment))
        .map(
            parsed ->
                parsed.orElseThrow(
                    () ->
                        new RecoveryException(
                            ErrorCode.REFUSED,
                            "%s was not written by drp for %s".formatted(file, environment),
                            "move it away, if nobody needs it; it is written anew.")))
        .orElse(Content.USUAL);
  }

  /** Replaces it as a whole, also when the power fails; without a text, removes it. */
  void write(Optional<String> text) {
    if (text.equals(text())) {
      return;
    }
    if (text.isPresent()) {
      write(file, text.get(), READABLE_BY_CADDY);
    } else {
      delete(file);
    }
  }

  Optional<Unfinished> unfinished(String change) {
    return read(unfinished)
        .flatMap(
            text -> {
              try {
                JsonNode json = JSON.readTree(text);
                JsonNode before = json.path("file");
                return Optional.of(
                    new Unfinished(
                        json.path("change").asText(),
                        before.isTextual() ? Optional.of(before.asText()) : Optional.empty(),
                        new CaddyConfiguration(json.path("configuration"))));
              } catch (JsonProcessingException e) {
                return Optional.empty(); // written as a whole, so not by us
              }
            })
        .filter(it -> it.change().equals(change));
  }

  void begin(Unfinished before) {
    ObjectNode json = JSON.createObjectNode().put("change", before.change());
    before.text().ifPresent(text -> json.put("file", text));
    json.putRawValue("configuration", new RawValue(before.configuration().json()));
    write(unfinished, json.toString(), READABLE_BY_US);
  }

  void end() {
    delete(unfinished);
  }

  private static Optional<String> read(Path path) {
    try {
      return Optional.of(Files.readString(path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw failed("read", path, e);
    }
  }

  private void write(Path path, String text, String permissions) {
    Path temporary = folder.resolve("." + path.getFileName() + ".new");
    try {
      Files.deleteIfExists(temporary); // of a run that was killed
      try (FileChannel channel =
              FileChannel.open(
                  temporary,
                  Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                  PosixFilePermissions.asFileAttribute(
                      PosixFilePermissions.fromString(READABLE_BY_US)));
          OutputStream content = Channels.newOutputStream(channel)) {
        content.write(text.getBytes(StandardCharsets.UTF_8));
        Files.setPosixFilePermissions( // whatever the umask
            temporary, PosixFilePermissions.fromString(permissions));
        channel.force(true);
      }
      Files.move(
          temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      forceFolder();
    } catch (IOException e) {
      throw failed("write", path, e);
    }
  }

  private void delete(Path path) {
    try {
      if (Files.deleteIfExists(path)) {
        forceFolder();
      }
    } catch (IOException e) {
      throw failed("delete", path, e);
    }
  }

  private void forceFolder() throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static RecoveryException failed(String doing, Path path, IOException cause) {
    return new RecoveryException(
        ErrorCode.LOCAL_FILE,
        "cannot %s %s: %s".formatted(doing, path, cause),
        "check that the folder of the Caddyfile is there, with space left, and that this user may"
            + " write there.",
        cause);
  }
}
