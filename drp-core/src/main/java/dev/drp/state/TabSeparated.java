package dev.drp.state;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Rows of fields in a file of the state directory, a line each: quick to read. Fields may hold
 * anything.
 */
public final class TabSeparated {
  private TabSeparated() {}

  /** All rows; none where there is no file. */
  public static List<List<String>> read(Path file) {
    try {
      String content = Files.readString(file, StandardCharsets.UTF_8);
      List<List<String>> rows = new ArrayList<>();
      int start = 0;
      for (int end = content.indexOf('\n'); end >= 0; end = content.indexOf('\n', start)) {
        rows.add(fields(content.substring(start, end)));
        start = end + 1;
      }
      return rows;
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw DurableFile.failed("read", file, e);
    }
  }

  /** Replaces all rows. */
  public static void write(Path file, List<List<String>> rows) {
    DurableFile.write(
        file,
        rows.stream()
            .map(TabSeparated::line)
            .collect(Collectors.joining())
            .getBytes(StandardCharsets.UTF_8));
  }

  private static String line(List<String> row) {
    return row.stream().map(TabSeparated::escape).collect(Collectors.joining("\t", "", "\n"));
  }

  private static List<String> fields(String line) {
    List<String> fields = new ArrayList<>();
    for (String field : line.split("\t", -1)) {
      fields.add(field.indexOf('\\') < 0 ? field : unescape(field));
    }
    return fields;
  }

  private static String escape(String field) {
    return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n");
  }

  private static String unescape(String field) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '\\' && i + 1 < field.length()) {
        i++;
        char escaped = field.charAt(i);
        text.append(escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped);
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }
}
