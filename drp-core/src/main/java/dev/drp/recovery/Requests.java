package dev.drp.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import dev.drp.state.DurableFile;
import dev.drp.state.TabSeparated;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What people ask of an execution from outside of the process that runs it: files beside its
 * journal, which only that process writes. It takes them into the journal; one that is not running
 * finds them when it goes on.
 */
final class Requests {
  private final Path folder;
  private final ExecutionId execution;

  /**
   * @param folder where the journals are
   */
  Requests(Path folder, ExecutionId execution) {
    this.folder = requireNonNull(folder, "folder");
    this.execution = requireNonNull(execution, "execution");
  }

  /** Somebody's word. */
  record Word(String by, String reason, Instant at) {
    Word {
      requireNonNull(by, "by");
      requireNonNull(reason, "reason");
      requireNonNull(at, "at");
    }

    @Override
    public String toString() {
      return reason.isEmpty() ? by : "%s: %s".formatted(by, reason);
    }
  }

  void approve(String step, Word word) {
    write(approval(step), word);
  }

  Optional<Word> approvalOf(String step) {
    return read(approval(step));
  }

  /** Once it is in the journal. */
  void forgetApproval(String step) {
    DurableFile.delete(approval(step));
  }

  void abort(Word word) {
    write(abortion(), word);
  }

  Optional<Word> abort() {
    return read(abortion());
  }

  /** Once it is in the journal. */
  void forgetAbort() {
    DurableFile.delete(abortion());
  }

  private Path approval(String step) {
    return folder.resolve("%s.approve.%s".formatted(execution, URLEncoder.encode(step, UTF_8)));
  }

  private Path abortion() {
    return folder.resolve(execution + ".abort");
  }

  private static void write(Path file, Word word) {
    TabSeparated.write(file, List.of(List.of(word.by(), word.reason(), word.at().toString())));
  }

  private static Optional<Word> read(Path file) {
    return TabSeparated.read(file).stream()
        .findFirst()
        .map(row -> new Word(row.get(0), row.get(1), Instant.parse(row.get(2))));
  }
}
