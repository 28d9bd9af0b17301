package dev.drp.report;

import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A page of Markdown in the making. Not safe for concurrent use. */
public final class MarkdownPage {
  private final StringBuilder text = new StringBuilder();

  public void line(String line) {
    text.append(line).append('\n');
  }

  /** Begins a table; its rows follow. */
  public void table(String... heads) {
    row(heads);
    row(Stream.of(heads).map(head -> "---").toArray(String[]::new));
  }

  public void row(String... cells) {
    line(Stream.of(cells).collect(Collectors.joining(" | ", "| ", " |")));
  }

  /** Names and messages may hold anything: they must neither leave their cell nor become markup. */
  public static String inline(String text) {
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)) {
        escaped.append(' ');
      } else if ("\\`*_{}[]<>#|!~".indexOf(c) >= 0) {
        escaped.append('\\').append(c);
      } else {
        escaped.append(c);
      }
    }
    return escaped.toString();
  }

  /** What it holds so far. */
  @Override
  public String toString() {
    return text.toString();
  }
}
