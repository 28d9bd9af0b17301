package dev.drp.backup;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The manifest as a file: JSON with a format number, and with a hash of the file itself, so that a
 * flipped bit in it is found. The hash is that of the file with 64 zeros in the hash's place.
 */
final class ManifestFormat {
  private static final String FORMAT = "format";
  private static final String RECIPIENTS = "recipients";
  private static final String ENCRYPTION = "encryption";
  private static final String FILES = "files";
  private static final String HASH = "manifestSha256";
  private static final String NO_HASH = "0".repeat(64);
  private static final Pattern HASH_FIELD =
      Pattern.compile("\"" + HASH + "\"\\s*:\\s*\"([0-9a-f]{64})\"");

  private ManifestFormat() {}

  static byte[] write(BackupManifest manifest) {
    ObjectNode file = Json.MAPPER.createObjectNode();
    file.put(FORMAT, manifest.format());
    file.put(HASH, NO_HASH);
    file.setAll((ObjectNode) Json.MAPPER.valueToTree(manifest));
    if (!manifest.encrypted()) {
      withoutEncryption(file);
    }
    if (manifest.files().isEmpty()) {
      file.remove(FILES);
    }
    try {
      byte[] unsigned = (Json.PRETTY.writeValueAsString(file) + "\n").getBytes(UTF_8);
      String text = new String(unsigned, ISO_8859_1);
      return withHash(text, Sha256.of(unsigned)).getBytes(ISO_8859_1);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the manifest of " + manifest.id(), e);
    }
  }

  /**
   * @param where the manifest's storage and name, for messages
   * @throws RecoveryException with FORMAT_UNKNOWN or BACKUP_CORRUPT
   */
  static BackupManifest read(byte[] content, String where) {
    try {
      JsonNode file = Json.MAPPER.readTree(content);
      if (!file.isObject()) {
        throw corrupt(where, "it is no JSON object", null);
      }
      requireKnownFormat(file.path(FORMAT), where);
      requireOwnHash(content, where);
      ObjectNode complete = withEncryption((ObjectNode) file);
      if (!complete.has(FILES)) {
        complete.putNull(FILES);
      }
      return Json.MAPPER.treeToValue(complete, BackupManifest.class);
    } catch (IOException e) {
      throw corrupt(where, "it is no manifest: " + e.getMessage(), e);
    }
  }

  /** The format of a backup that is not encrypted does not know of encryption. */
  private static void withoutEncryption(ObjectNode file) {
    file.remove(RECIPIENTS);
    parts(file).forEach(part -> part.remove(ENCRYPTION));
  }

  private static ObjectNode withEncryption(ObjectNode file) {
    if (!file.has(RECIPIENTS)) {
      file.putArray(RECIPIENTS);
      parts(file).forEach(part -> part.putNull(ENCRYPTION));
    }
    return file;
  }

  private static List<ObjectNode> parts(ObjectNode file) {
    List<ObjectNode> parts = new ArrayList<>();
    for (JsonNode part : file.path("parts")) {
      if (part instanceof ObjectNode object) {
        parts.add(object);
      }
    }
    return parts;
  }

  private static void requireKnownFormat(JsonNode format, String where) {
    if (!format.isInt()
        || format.intValue() < BackupManifest.PLAIN_FORMAT
        || format.intValue() > BackupManifest.FILES_FORMAT) {
      throw new RecoveryException(
          ErrorCode.FORMAT_UNKNOWN,
          "manifest %s has format %s; this version reads formats up to %d"
              .formatted(
                  where, format.isMissingNode() ? "(none)" : format, BackupManifest.FILES_FORMAT),
          "use the version of drp that wrote it; the backup's own README.md tells how to restore it"
              + " by hand.");
    }
  }

  private static void requireOwnHash(byte[] content, String where) {
    String text = new String(content, ISO_8859_1); // one character for each byte
    Matcher field = HASH_FIELD.matcher(text);
    if (!field.find()) {
      throw corrupt(where, "it has no " + HASH, null);
    }
    String actual = Sha256.of(withHash(text, NO_HASH).getBytes(ISO_8859_1));
    if (!actual.equals(field.group(1))) {
      throw corrupt(where, "it says sha256 %s, but has %s".formatted(field.group(1), actual), null);
    }
  }

  private static String withHash(String text, String hash) {
    Matcher field = HASH_FIELD.matcher(text);
    return field.find()
        ? text.substring(0, field.start(1)) + hash + text.substring(field.end(1))
        : text;
  }

  private static RecoveryException corrupt(String where, String what, @Nullable Throwable cause) {
    return new RecoveryException(
        ErrorCode.BACKUP_CORRUPT,
        "manifest %s is damaged: %s".formatted(where, what),
        "restore another backup, and check the storage that holds this one.",
        cause);
  }
}
