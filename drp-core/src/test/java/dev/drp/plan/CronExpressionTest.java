package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronExpressionTest {
  /** A Sunday. */
  private static final ZonedDateTime NOVEMBER_22 =
      ZonedDateTime.of(2026, 11, 22, 12, 30, 15, 0, ZoneOffset.UTC);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          * * * * *        | 2026-11-22T12:31Z
          0 2 * * *        | 2026-11-23T02:00Z
          0 */6 * * *      | 2026-11-22T18:00Z
          30 12 * * *      | 2026-11-23T12:30Z
          0 2 * * 0        | 2026-11-29T02:00Z
          0 2 * * 7        | 2026-11-29T02:00Z
          0 2 * * sun      | 2026-11-29T02:00Z
          0 2 * * MON-FRI  | 2026-11-23T02:00Z
          45 12 22 * *     | 2026-11-22T12:45Z
          0 4 1 * *        | 2026-12-01T04:00Z
          0 4 1 jan *      | 2027-01-01T04:00Z
          0 0 29 2 *       | 2028-02-29T00:00Z
          0 0 1 * 3        | 2026-11-25T00:00Z
          5,10-12 13 * * * | 2026-11-22T13:05Z
          0 9-17/4 * * *   | 2026-11-22T13:00Z
          """)
  void theNextMoment(String cron, String next) {
    assertThat(CronExpression.parse(cron).next(NOVEMBER_22)).contains(ZonedDateTime.parse(next));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          * * * * *        | PT1M
          */15 * * * *     | PT15M
          0 */6 * * *      | PT6H
          0 2 * * *        | PT24H
          0 0,20 * * *     | PT20H
          30 2 * * 1-5     | PT72H
          0 4 1 * *        | PT744H
          * * 1 1 *        | PT8760H1M
          """)
  void theLongestGap(String cron, Duration gap) {
    assertThat(CronExpression.parse(cron).longestGap()).isEqualTo(gap);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "a * * * *",
        "-1 * * * *",
        ", * * * *",
        "0 0 30 2 *",
        "@daily",
        "99999999999 * * * *"
      })
  void whatIsNoCronExpressionIsRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> CronExpression.parse(text));
  }

  @Test
  void momentsAreThoseOfTheZone() {
    BackupSchedule daily =
        BackupSchedule.at(
            "daily",
            CronExpression.parse("0 2 * * *"),
            "production",
            BackupKind.LOGICAL,
            Retention.within(Span.ofMonths(1)),
            "local");

    assertThat(daily.nextAfter(Instant.parse("2026-11-22T12:00:00Z"), ZoneId.of("Europe/Paris")))
        .isEqualTo("2026-11-23T01:00:00Z");
  }

  @Test
  void aMomentThatTheClockSkipsComesAsSoonAsItCan() {
    ZonedDateTime beforeSummerTime =
        ZonedDateTime.of(2026, 3, 29, 0, 0, 0, 0, ZoneId.of("Europe/Paris"));

    assertThat(CronExpression.parse("30 2 * * *").next(beforeSummerTime).orElseThrow().toInstant())
        .isEqualTo("2026-03-30T00:30:00Z");
  }
}
