package dev.drp.recovery;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The journal of one execution: a file of JSON lines, only ever appended to. Each line holds the
 * SHA-256 of the line before it and, last, the SHA-256 of its own text up to there. When {@link
 * #append} returns, the line is on stable storage.
 *
 * <p>Writing is safe for concurrent use. That there is one writer only is the business of {@link
 * ExecutionLock}.
 */
final class Journal implements AutoCloseable {
  /** The format that this version writes and reads. */
  static final int FORMAT = 1;

  private static final String NOTHING_BEFORE = "0".repeat(64);
  private static final Pattern SEALED =
      Pattern.compile("(.*),\"sha256\":\"([0-9a-f]{64})\"}", Pattern.DOTALL);
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .addModule(
              new SimpleModule()
                  .addSerializer(Instant.class, ToStringSerializer.instance)
                  .addSerializer(Duration.class, ToStringSerializer.instance)
                  .addDeserializer(Instant.class, new FromText<>(Instant.class, Instant::parse))
                  .addDeserializer(Duration.class, new FromText<>(Duration.class, Duration::parse)))
          .build();

  private final Path file;
  // Not a channel: an interrupt of the thread that writes would close it.
  private final FileOutputStream output;
  private final Clock clock;
  private final long attemptBeganNanos = System.nanoTime();
  private long lines;
  private String lastHash;

  private Journal(Path file, FileOutputStream output, Clock clock, long lines, String lastHash) {
    this.file = file;
    this.output = output;
    this.clock = clock;
    this.lines = lines;
    this.lastHash = lastHash;
  }

  /** Begins a journal. The folder exists. */
  static Journal create(Path file, Clock clock) {
    try {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Journal journal =
          new Journal(file, new FileOutputStream(file.toFile(), true), clock, 0, NOTHING_BEFORE);
      try (FileChannel folder =
          FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
        folder.force(true);
      }
      return journal;
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /** Goes on with a journal, after {@code contents}; a torn last line is cut off. */
  static Journal append(Path file, Contents contents, Clock clock) {
    try {
      if (contents.tornBytes() > 0) {
        try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
          torn.setLength(torn.length() - contents.tornBytes());
          torn.getFD().sync();
        }
      }
      return new Journal(
          file,
          new FileOutputStream(file.toFile(), true),
          clock,
          contents.lines().size(),
          contents.lastHash());
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /** Writes a line; returns what a reader will see. */
  synchronized Line append(JournalEvent event) {
    Instant at = clock.instant();
    Duration elapsed = Duration.ofNanos(System.nanoTime() - attemptBeganNanos);
    ObjectNode node = JSON.createObjectNode();
    node.put("number", lines + 1);
    node.put("previous", lastHash);
    node.put("at", at.toString());
    node.put("elapsed", elapsed.toString());
    node.setAll((ObjectNode) JSON.valueToTree(event));
    String object = node.toString();
    String text = object.substring(0, object.length() - 1);
    String hash = sha256(text);
    try {
      output.write((text + ",\"sha256\":\"" + hash + "\"}\n").getBytes(StandardCharsets.UTF_8));
      output.getFD().sync();
    } catch (IOException e) {
      throw unusable(file, e);
    }
    lines++;
    lastHash = hash;
    return new Line(at, elapsed, event, hash);
  }

  @Override
  public void close() {
    try {
      output.close();
    } catch (IOException e) {
      throw unusable(file, e);
    }
  }

  /**
   * Reads a journal and checks every line. EXECUTION_NOT_FOUND when there is no such file;
   * JOURNAL_DAMAGED, naming the line, for anything but a torn last line; FORMAT_UNKNOWN.
   */
  static Contents read(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new RecoveryException(
          ErrorCode.EXECUTION_NOT_FOUND,
          "there is no journal " + file,
          "list the executions to see those that there are.",
          e);
    } catch (IOException e) {
      throw unusable(file, e);
    }
    List<Line> lines = new ArrayList<>();
    String previous = NOTHING_BEFORE;
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        String text = new String(bytes, start, i - start, StandardCharsets.UTF_8);
        Line line = parse(file, lines.size() + 1, text, previous);
        lines.add(line);
        previous = line.hash();
        start = i + 1;
      }
    }
    return new Contents(lines, bytes.length - start);
  }

  /** Whether its text names the point: where it does not, the execution never reached it. */
  static boolean names(Path file, MeasuringPoint point) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1).contains('"' + point.name() + '"');
    } catch (IOException e) {
      return false;
    }
  }

  /** What a journal says first, without reading the rest of it; empty where that is damaged. */
  static Optional<JournalEvent.Created> created(Path file) {
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      String first = lines.readLine();
      return first != null
              && parse(file, 1, first, NOTHING_BEFORE).event() instanceof JournalEvent.Created it
          ? Optional.of(it)
          : Optional.empty();
    } catch (IOException | RecoveryException e) {
      return Optional.empty();
    }
  }

  private static Line parse(Path file, int number, String text, String previous) {
    Matcher sealed = SEALED.matcher(text);
    if (!sealed.matches()) {
      throw damaged(file, number, "is not a line of a journal");
    }
    String hash = sealed.group(2);
    if (!sha256(sealed.group(1)).equals(hash)) {
      throw damaged(file, number, "has been changed: its text does not have the sha256 it says");
    }
    try {
      ObjectNode node = (ObjectNode) JSON.readTree(text);
      if (!previous.equals(node.path("previous").asText())
          || number != node.path("number").asInt()) {
        throw damaged(file, number, "does not follow the line before it");
      }
      JsonNode format = node.get("format");
      if (number == 1 && (format == null || format.asInt() != FORMAT)) {
        throw new RecoveryException(
            ErrorCode.FORMAT_UNKNOWN,
            "journal %s has format %s, this version knows %d".formatted(file, format, FORMAT),
            "use the version of this tool that wrote it.");
      }
      Instant at = Instant.parse(node.path("at").asText());
      Duration elapsed = Duration.parse(node.path("elapsed").asText());
      node.remove(List.of("number", "previous", "at", "elapsed", "sha256"));
      return new Line(at, elapsed, JSON.treeToValue(node, JournalEvent.class), hash);
    } catch (JsonProcessingException | java.time.DateTimeException | ClassCastException e) {
      throw damaged(file, number, "cannot be understood: " + e.getMessage());
    }
  }

  static RecoveryException damaged(Path file, int line, String what) {
    return new RecoveryException(
        ErrorCode.JOURNAL_DAMAGED,
        "journal %s: line %d %s".formatted(file, line, what),
        "nothing is resumed from it. Look at the lines before it and at what is really there, and"
            + " start a new execution.");
  }

  private static RecoveryException unusable(Path file, IOException cause) {
    return new RecoveryException(
        ErrorCode.LOCAL_FILE,
        "cannot read or write the journal " + file + ": " + cause,
        "check space and permissions of the state directory.",
        cause);
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * A line as read.
   *
   * @param elapsed since its attempt began, by a monotonic clock
   */
  record Line(Instant at, Duration elapsed, JournalEvent event, String hash) {}

  /**
   * A journal as read.
   *
   * @param tornBytes length of a last line that was not written to its end
   */
  record Contents(List<Line> lines, int tornBytes) {
    Contents {
      lines = List.copyOf(lines);
    }

    String lastHash() {
      return lines.isEmpty() ? NOTHING_BEFORE : lines.get(lines.size() - 1).hash();
    }
  }

  private static final class FromText<T> extends StdScalarDeserializer<T> {
    private static final long serialVersionUID = 1L;
    private final transient Function<String, T> parse;

    FromText(Class<T> type, Function<String, T> parse) {
      super(type);
      this.parse = parse;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      return parse.apply(parser.getText());
    }
  }
}
