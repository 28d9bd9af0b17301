package dev.drp.assessment;

import static dev.drp.report.MarkdownPage.inline;
import static java.util.Objects.requireNonNull;

import dev.drp.assessment.Reading.Section;
import dev.drp.plan.BackupKind;
import dev.drp.plan.Language;
import dev.drp.report.MarkdownPage;
import java.text.MessageFormat;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.stream.Collectors;

/**
 * An outage assessment in the words of one language. What was found at a part is in the words in
 * which that part told it.
 */
public final class OutageReport {
  private static final DateTimeFormatter INSTANT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  private final OutageAssessment assessment;
  private final Locale locale;
  private final ResourceBundle messages;
  private MarkdownPage page = new MarkdownPage();

  public OutageReport(OutageAssessment assessment, Language language) {
    this.assessment = requireNonNull(assessment, "assessment");
    this.locale = language.locale();
    this.messages = language.texts(OutageReport.class, "messages");
  }

  /** The whole report, as a page of Markdown. */
  public String markdown() {
    page = new MarkdownPage();
    line("# " + text("title", inline(assessment.environment())));
    line("");
    item("application", inline(assessment.application()));
    item("at", words(assessment.at()));
    item("impact." + (assessment.said() ? "said" : "found"), words(assessment.impact()));
    Arrays.stream(Section.values()).forEach(this::readings);
    points();
    forecasts();
    heading("report");
    item("affected", affected());
    item("loss", loss());
    item("downtime", downtime());
    item("recommended", recommended());
    item("reason", inline(reason()));
    return page.toString();
  }

  /** Why a plan is recommended, or none is, in a sentence. */
  public String reason() {
    Recommendation recommendation = assessment.recommendation();
    return text(
        "reason." + recommendation.reason().name(), String.join(", ", recommendation.about()));
  }

  /** What starts the recommended plan; empty where there is none. */
  public Optional<String> command() {
    return assessment
        .recommendation()
        .plan()
        .map(
            plan ->
                "drp recover %s %s%s%s"
                    .formatted(
                        plan,
                        assessment.environment(),
                        assessment
                            .recommendation()
                            .kind()
                            .map(it -> " --kind " + it.name().toLowerCase(Locale.ROOT))
                            .orElse(""),
                        assessment.said() ? " --impact " + assessment.impact() : ""));
  }

  private void readings(Section section) {
    var readings = assessment.readings().stream().filter(it -> it.section() == section).toList();
    if (readings.isEmpty()) {
      return;
    }
    heading("section." + section.name());
    table("subject", "found", "limit", "state");
    for (Reading it : readings) {
      row(
          inline(it.subject()),
          inline(it.value()),
          inline(it.limit()),
          text("state." + it.state()));
    }
  }

  private void points() {
    if (!assessment.hasDatabase()) {
      return;
    }
    heading("points");
    line(
        assessment
            .pointsAsOf()
            .map(it -> text("points.as-of", words(it)))
            .orElseGet(() -> text("points.never")));
    line("");
    if (assessment.points().isEmpty()) {
      line("**" + text("points.none") + "**");
      return;
    }
    table("point", "storage", "data-of", "lost");
    for (RecoveryPoint it : assessment.points()) {
      row(point(it), storage(it), words(it.at()), words(it.loss()));
    }
  }

  private String point(RecoveryPoint point) {
    return point.isLog()
        ? text("point.log", inline(point.by()))
        : text("point." + kind(point.kind()), inline(point.by()));
  }

  private static String kind(BackupKind kind) {
    return kind == BackupKind.PHYSICAL ? "physical" : "logical";
  }

  private String storage(RecoveryPoint point) {
    return inline(point.storage()) + (point.offSite() ? ", " + text("off-site") : "");
  }

  private void forecasts() {
    heading("forecasts");
    table("plan", "expected", "basis");
    for (DowntimeForecast it : assessment.forecasts()) {
      row(inline(it.plan()), it.expected().map(this::words).orElse("–"), basis(it));
    }
  }

  private String basis(DowntimeForecast forecast) {
    return text(
        "basis." + forecast.basis().name(),
        forecast.samples(),
        forecast.longest().map(this::words).orElse(""));
  }

  private String affected() {
    return assessment.affected().isEmpty()
        ? text("none")
        : assessment.affected().stream()
            .map(MarkdownPage::inline)
            .collect(Collectors.joining(", "));
  }

  private String loss() {
    if (!assessment.hasDatabase() || isAllWell()) {
      return text("none");
    }
    if (assessment.recommendation().plan().isEmpty()) {
      return text("unknown");
    }
    boolean restores = assessment.recommendation().kind().isPresent();
    Optional<RecoveryPoint> newest = assessment.points().stream().findFirst();
    if (newest.isEmpty()) {
      return text(restores ? "loss.all" : "loss.none-but-all");
    }
    return text(
        restores ? "loss.since" : "loss.none-but",
        words(newest.get().loss()),
        words(newest.get().at()),
        inline(newest.get().by()),
        storage(newest.get()));
  }

  private String downtime() {
    Duration already = Duration.between(assessment.impact(), assessment.at());
    Optional<DowntimeForecast> forecast = assessment.forecast();
    String past = already.isZero() || already.isNegative() ? "" : text("so-far", words(already));
    String coming =
        forecast
            .flatMap(
                it -> it.expected().map(expected -> text("to-come", words(expected), basis(it))))
            .orElseGet(() -> text(isAllWell() ? "none" : "unknown"));
    return past.isEmpty() ? coming : past + "; " + coming;
  }

  private boolean isAllWell() {
    return assessment.recommendation().reason() == Recommendation.Reason.ALL_WELL;
  }

  private String recommended() {
    return command()
        .map(it -> "`" + it.replaceAll("[`\\p{Cntrl}]", " ") + "`")
        .orElse(text("no-plan"));
  }

  private void heading(String key) {
    line("");
    line("## " + text(key));
    line("");
  }

  private void item(String key, String value) {
    line("- **%s**%s%s".formatted(text(key), text("colon"), value));
  }

  private void table(String... keys) {
    page.table(Arrays.stream(keys).map(it -> text("head." + it)).toArray(String[]::new));
  }

  private void row(String... cells) {
    page.row(cells);
  }

  private void line(String line) {
    page.line(line);
  }

  private String text(String key, Object... values) {
    return new MessageFormat(messages.getString(key), locale).format(values);
  }

  private static String words(Instant instant) {
    return INSTANT.format(instant);
  }

  /** The two largest units. */
  private String words(Duration duration) {
    long seconds = Math.max(0, duration.toSeconds());
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return two(seconds / 60, "min", seconds % 60, "s");
    }
    if (seconds < 86_400) {
      return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
    }
    return two(seconds / 86_400, text("day"), seconds % 86_400 / 3600, "h");
  }

  private static String two(long large, String largeUnit, long small, String smallUnit) {
    return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
  }
}
