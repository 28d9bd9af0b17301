package dev.drp.report;

import static java.util.Objects.requireNonNull;

import dev.drp.plan.Language;
import dev.drp.recovery.Execution;
import dev.drp.state.DurableFile;
import dev.drp.state.StateDirectory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Writes what an execution came to: everything that its journal proves, for people and for
 * programs. Safe for concurrent use.
 */
public final class ExecutionReports {
  private final StateDirectory state;
  private final Language language;

  public ExecutionReports(StateDirectory state, Language language) {
    this.state = requireNonNull(state, "state");
    this.language = requireNonNull(language, "language");
  }

  /**
   * Where a report was written.
   *
   * @param markdown for people
   * @param html the same as a page for a browser
   * @param json for programs; the same whatever the language
   */
  public record Files(Path markdown, Path html, Path json) {}

  /**
   * Writes the report of an execution into the state directory, for its user only; a report of an
   * earlier attempt is replaced. LOCAL_FILE when it cannot be written.
   */
  public Files write(Execution execution) {
    Path folder = state.root().resolve("reports");
    Files files =
        new Files(
            folder.resolve(execution.id() + ".md"),
            folder.resolve(execution.id() + ".html"),
            folder.resolve(execution.id() + ".json"));
    DurableFile.write(files.json(), json(execution).getBytes(StandardCharsets.UTF_8));
    DurableFile.write(files.html(), html(execution).getBytes(StandardCharsets.UTF_8));
    DurableFile.write(files.markdown(), markdown(execution).getBytes(StandardCharsets.UTF_8));
    return files;
  }

  /** The report for people. */
  public String markdown(Execution execution) {
    return new MarkdownReport(new Wording(language), execution).text();
  }

  /** The same as a page for a browser. */
  public String html(Execution execution) {
    return HtmlReport.of(markdown(execution), language);
  }

  /** The report for programs: one object. */
  public String json(Execution execution) {
    return JsonReport.of(execution);
  }
}
