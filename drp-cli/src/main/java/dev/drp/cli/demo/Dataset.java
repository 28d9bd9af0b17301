package dev.drp.cli.demo;

import dev.drp.database.SqlSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The database of a survey application; the same generator gives {@code ./bench} its datasets. */
final class Dataset {
  /** Gives a little more than 100 MB. */
  static final int USERS = 19_000;

  private Dataset() {}

  static void generate(SqlSession session) {
    session.execute(script().replace(":users", Integer.toString(USERS)));
  }

  private static String script() {
    try (InputStream script =
        Objects.requireNonNull(Dataset.class.getResourceAsStream("dataset.sql"))) {
      return new String(script.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
