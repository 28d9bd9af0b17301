package dev.drp.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rows with aligned columns, two blanks between them and none at the end of a line. */
final class Table {
  private final List<Column> columns;
  private final List<List<String>> rows = new ArrayList<>();

  private Table(List<Column> columns) {
    this.columns = columns;
  }

  private record Column(String heading, boolean right) {}

  /** A heading that begins with {@code >} stands over numbers, which are aligned to the right. */
  static Table of(String... headings) {
    return new Table(
        Arrays.stream(headings)
            .map(h -> h.startsWith(">") ? new Column(h.substring(1), true) : new Column(h, false))
            .toList());
  }

  Table row(String... cells) {
    if (cells.length != columns.size()) {
      throw new IllegalArgumentException(
          "%d cells for %d columns".formatted(cells.length, columns.size()));
    }
    rows.add(Arrays.stream(cells).map(Format::printable).toList());
    return this;
  }

  /** The headings, unless all are empty, and the rows. */
  List<String> lines() {
    List<List<String>> all = new ArrayList<>();
    List<String> headings = columns.stream().map(Column::heading).toList();
    if (!headings.stream().allMatch(String::isEmpty)) {
      all.add(headings);
    }
    all.addAll(rows);
    int[] widths =
        IntStream.range(0, columns.size())
            .map(i -> all.stream().mapToInt(row -> Console.width(row.get(i))).max().orElse(0))
            .toArray();
    return all.stream().map(row -> line(row, widths)).toList();
  }

  /** A column that is empty in all rows takes no room, but for the first, which indents. */
  private String line(List<String> row, int[] widths) {
    return IntStream.range(0, widths.length)
        .filter(i -> i == 0 || widths[i] > 0)
        .mapToObj(
            i -> {
              String padding = " ".repeat(widths[i] - Console.width(row.get(i)));
              return columns.get(i).right() ? padding + row.get(i) : row.get(i) + padding;
            })
        .collect(Collectors.joining("  "))
        .stripTrailing();
  }
}
