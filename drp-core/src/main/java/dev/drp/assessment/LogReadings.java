package dev.drp.assessment;

import dev.drp.assessment.Reading.Section;
import dev.drp.plan.Environment;
import dev.drp.runtime.Container;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** The last lines of logs that tell of errors. May hold secrets: these are removed later. */
final class LogReadings {
  private static final Pattern ERROR =
      Pattern.compile("(?i)\\b(error|fatal|panic|critical|emerg|exception|traceback|oom)\\b");
  private static final int LAST_BYTES = 256 << 10;
  private static final int LAST_LINES = 200;
  private static final int SHOWN = 5;
  private static final int SHOWN_OF_THE_DEAD = 10;

  private final Questions questions;
  private final Map<Path, Asked<List<String>>> files = new LinkedHashMap<>();

  LogReadings(Environment environment, Questions questions) {
    this.questions = questions;
    for (Path file : environment.logs()) {
      files.put(file, questions.ask("log " + file, () -> lastLines(file)));
    }
  }

  /** Asks for the logs of these containers. */
  Supplier<List<Reading>> ask(List<Container> containers, Surroundings surroundings) {
    Map<Container, Asked<List<String>>> logs = new LinkedHashMap<>();
    for (Container container : containers) {
      logs.put(
          container,
          questions.ask(
              "log of " + container.name(),
              () -> surroundings.engine().get().lastLogLines(container, LAST_LINES)));
    }
    return () -> {
      List<Reading> readings = new ArrayList<>();
      files.forEach((file, asked) -> readings.add(file(file, asked.answer())));
      logs.forEach((container, asked) -> readings.add(container(container, asked.answer())));
      return readings;
    };
  }

  private static Reading file(Path file, Asked.Answer<List<String>> answer) {
    return answer
        .value()
        .map(lines -> errors(file.toString(), lines))
        .orElseGet(() -> Reading.failed(Section.LOGS, file.toString(), answer));
  }

  private static Reading container(Container container, Asked.Answer<List<String>> answer) {
    if (answer.value().isEmpty()) {
      return Reading.failed(Section.LOGS, container.name(), answer);
    }
    List<String> lines = answer.value().get();
    return container.isUp()
        ? errors(container.name(), lines)
        : Reading.good(Section.LOGS, container.name(), "its last lines")
            .withLines(last(lines, SHOWN_OF_THE_DEAD));
  }

  /** Errors in a log are shown, and judged by a person: there are harmless ones everywhere. */
  private static Reading errors(String subject, List<String> lines) {
    List<String> errors = lines.stream().filter(it -> ERROR.matcher(it).find()).toList();
    return Reading.good(
            Section.LOGS,
            subject,
            errors.isEmpty()
                ? "no errors in the last %d lines".formatted(lines.size())
                : "%d of the last %d lines tell of errors".formatted(errors.size(), lines.size()))
        .withLines(last(errors, SHOWN));
  }

  private static List<String> last(List<String> lines, int count) {
    return lines.subList(Math.max(0, lines.size() - count), lines.size());
  }

  private static List<String> lastLines(Path file) throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      long from = Math.max(0, channel.size() - LAST_BYTES);
      channel.position(from);
      ByteBuffer bytes = ByteBuffer.allocate(LAST_BYTES);
      int read = 0;
      while (bytes.hasRemaining() && read >= 0) {
        read = channel.read(bytes);
      }
      List<String> lines =
          new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8).lines().toList();
      // The first is a part of a line, unless the file begins with it.
      List<String> whole = from > 0 && !lines.isEmpty() ? lines.subList(1, lines.size()) : lines;
      return last(whole, LAST_LINES);
    } catch (NoSuchFileException e) {
      throw new IOException("there is no such file", e);
    }
  }
}
