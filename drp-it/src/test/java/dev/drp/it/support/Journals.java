package dev.drp.it.support;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What the journals of a state directory tell of executions. */
public final class Journals {
  private Journals() {}

  /** The execution in whose first attempt, which goes on, this step has begun; waits for it. */
  public static String awaitStep(Path state, String step) throws Exception {
    Path executions = state.resolve("executions");
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
    while (System.nanoTime() < deadline) {
      for (Path journal : journals(executions)) {
        String text = Files.readString(journal);
        if (text.contains("\"step\":\"%s\",\"state\":\"RUNNING\"".formatted(step))
            && !text.contains("attempt-ended")) {
          return journal.getFileName().toString().replace(".jsonl", "");
        }
      }
      Thread.sleep(50);
    }
    throw new AssertionError("step %s has not begun".formatted(step));
  }

  private static List<Path> journals(Path executions) throws IOException {
    if (!Files.isDirectory(executions)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(executions)) {
      return all.filter(it -> it.toString().endsWith(".jsonl")).toList();
    }
  }
}
