package dev.drp.backup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;

/**
 * An event as a file, named so that a listing tells when and what: {@code
 * <utc>-<TYPE>-<random>.json}.
 */
final class EventFormat {
  private static final int FORMAT = 1;
  private static final DateTimeFormatter UTC =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final SecureRandom RANDOM = new SecureRandom();

  private EventFormat() {}

  static String newName(BackupEvent event) {
    byte[] random = new byte[3];
    RANDOM.nextBytes(random);
    return "%s-%s-%s.json"
        .formatted(UTC.format(event.at()), event.type(), HexFormat.of().formatHex(random));
  }

  static byte[] write(BackupEvent event) {
    ObjectNode file = Json.MAPPER.createObjectNode();
    file.put("format", FORMAT);
    file.setAll((ObjectNode) Json.MAPPER.valueToTree(event));
    try {
      return (Json.MAPPER.writeValueAsString(file) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * @throws RecoveryException with FORMAT_UNKNOWN or BACKUP_CORRUPT
   */
  static BackupEvent read(byte[] content, String where) {
    try {
      JsonNode file = Json.MAPPER.readTree(content);
      if (file.path("format").asInt() != FORMAT) {
        throw new RecoveryException(
            ErrorCode.FORMAT_UNKNOWN,
            "event %s has format %s; this version reads format %d"
                .formatted(where, file.path("format"), FORMAT),
            "use the version of drp that wrote it.");
      }
      return Json.MAPPER.treeToValue(file, BackupEvent.class);
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.BACKUP_CORRUPT,
          "event %s is damaged: %s".formatted(where, e.getMessage()),
          "verify the backup: that writes a new event.",
          e);
    }
  }
}
