package dev.drp.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormatTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.00 kB",
    "999499, 999 kB",
    "999500, 1.00 MB",
    "1018000000, 1.02 GB",
    "212345678, 212 MB",
    "12345678901, 12.3 GB",
    "9223372036854775807, 9.22 EB"
  })
  void writesBytesWithThreeDigits(long bytes, String expected) {
    assertThat(Format.bytes(bytes)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S, 0ms",
    "PT0.32S, 320ms",
    "PT9.26S, 9.3s",
    "PT30S, 30s",
    "PT59.96S, 1m",
    "PT2M14.4S, 2m 14s",
    "PT59M59.7S, 1h",
    "PT4H5M20S, 4h 5m",
    "PT23H59M40S, 1d",
    "PT75H29M, 3d 3h",
    "PT300H, 12d",
    "PT-90S, -1m 30s"
  })
  void writesDurationsWithTwoUnits(Duration duration, String expected) {
    assertThat(Format.duration(duration)).isEqualTo(expected);
  }

  @Test
  void saysHowLongAgoOrHence() {
    assertThat(Format.relative(NOON.minusSeconds(90), NOON)).isEqualTo("1m 30s ago");
    assertThat(Format.relative(NOON.plusSeconds(3600), NOON)).isEqualTo("in 1h");
    assertThat(Format.relative(NOON, NOON)).isEqualTo("now");
  }

  @Test
  void writesInstantsInUtcAndByTheClockOnTheWall() {
    assertThat(Format.instant(NOON, ZoneOffset.UTC)).isEqualTo("2026-11-22 12:00:00 UTC");
    assertThat(Format.instant(NOON, ZoneId.of("Europe/Paris")))
        .isEqualTo("2026-11-22 12:00:00 UTC (13:00:00 local)");
    assertThat(Format.instant(NOON, ZoneId.of("Pacific/Auckland")))
        .isEqualTo("2026-11-22 12:00:00 UTC (2026-11-23 01:00:00 local)");
  }

  @Test
  void letsNoNamePlayTricksOnATerminal() {
    assertThat(Format.printable("a\nb\r\tc\u001b[2Jd\u0007\u202e$(rm)"))
        .isEqualTo("a\\nb\\r\\tc\\u001b[2Jd\\u0007\\u202e$(rm)");
    assertThat(Format.printable("\u001b[32mgood\u001b[0m")).isEqualTo("\u001b[32mgood\u001b[0m");
  }

  @Test
  void alignsTablesAndLeavesNoBlanksAtTheEnds() {
    assertThat(
            Table.of("NAME", ">SIZE", "WHERE")
                .row("a", "1.00 kB", "local")
                .row("long name", "12 B", "")
                .lines())
        .containsExactly(
            "NAME          SIZE  WHERE", //
            "a          1.00 kB  local",
            "long name     12 B");
  }
}
