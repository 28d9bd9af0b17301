package dev.drp.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantitiesTest {
  @ParameterizedTest
  @CsvSource({
    "4h, PT4H",
    "30m, PT30M",
    "30 min, PT30M",
    "500ms, PT0.5S",
    "500 milliseconds, PT0.5S",
    "7d, PT168H",
    "1 day, PT24H",
    "2 weeks, PT336H",
    "1h30m, PT1H30M",
    "1h 30 min, PT1H30M",
    "1.5h, PT1H30M",
    "0.1s, PT0.1S",
    "' 5 s ', PT5S",
    "0, PT0S",
    "0s, PT0S"
  })
  void durationsAreReadAsPeopleWriteThem(String text, Duration duration) {
    assertThat(Quantities.duration(text)).isEqualTo(duration);
    assertThat(text).matches(Quantities.DURATION_PATTERN);
    assertThat(Quantities.duration(Quantities.text(duration))).isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "4",
        "h",
        "4x",
        "4H",
        "-4h",
        "4h 5",
        "4h!",
        "4,5h",
        "four hours",
        "1e3s",
        "PT4H",
        "4h 3 months",
        "1 year",
        "0.0000001ms",
        "200000d",
        "9999999999h",
        "٤h",
        "4h\n$(reboot)"
      })
  void whatIsNoDurationIsRefused(String text) {
    assertThatThrownBy(() -> Quantities.duration(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(Quantities.DURATION_EXPECTED);
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S, 0s",
    "PT0.5S, 500ms",
    "PT1.5S, 1.5s",
    "PT90M, 1h 30m",
    "PT168H, 7d",
    "PT0.000001S, 0.001ms",
    "PT43M12S, 43m 12s",
    "PT26H0.25S, 1d 2h 250ms"
  })
  void durationsAreShownAsPeopleWriteThem(Duration duration, String text) {
    assertThat(Quantities.text(duration)).isEqualTo(text);
    assertThat(Quantities.duration(text)).isEqualTo(duration);
  }

  @ParameterizedTest
  @CsvSource({
    "3 months, 3, PT0S, 3 months",
    "1 month, 1, PT0S, 1 month",
    "1 year, 12, PT0S, 1 year",
    "1 year 2 months 3d, 14, PT72H, 1 year 2 months 3d",
    "7d, 0, PT168H, 7d",
    "0, 0, PT0S, 0s"
  })
  void spansMayCountMonths(String text, int months, Duration exact, String shown) {
    Span span = Span.parse(text);

    assertThat(span).isEqualTo(new Span(months, exact)).hasToString(shown);
    assertThat(text).matches(Quantities.SPAN_PATTERN);
    assertThat(Span.parse(shown)).isEqualTo(span);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "3", "3m onths", "0.5 months", "2000 years", "3 mois", "1M"})
  void whatIsNoSpanIsRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Span.parse(text));
  }

  @Test
  void monthsAreThoseOfTheCalendar() {
    Instant endOfMarch = Instant.parse("2026-03-31T12:00:00Z");

    assertThat(Span.ofMonths(1).before(endOfMarch)).isEqualTo("2026-02-28T12:00:00Z");
    assertThat(Span.ofMonths(1).after(Instant.parse("2026-01-31T12:00:00Z")))
        .isEqualTo("2026-02-28T12:00:00Z");
    assertThat(Span.parse("1 month 1d").after(LocalDate.parse("2026-01-31")))
        .isEqualTo("2026-03-01");
    assertThat(Span.ofMonths(12).estimated()).isBetween(Duration.ofDays(365), Duration.ofDays(366));
  }

  @ParameterizedTest
  @CsvSource({
    "10 GB, 10000000000",
    "512MiB, 536870912",
    "1.5 KiB, 1536",
    "0 B, 0",
    "2TB, 2000000000000",
    "3 kB, 3000"
  })
  void sizesAreReadAsPeopleWriteThem(String text, long bytes) {
    assertThat(DataSize.parse(text)).isEqualTo(new DataSize(bytes));
    assertThat(text).matches(DataSize.PATTERN);
  }

  @ParameterizedTest
  @CsvSource({"10MB/s, 10000000", "500 KB/s, 500000", "8 MiB / s, 8388608"})
  void rates(String text, long bytesPerSecond) {
    assertThat(DataRate.parse(text)).isEqualTo(new DataRate(bytesPerSecond));
    assertThat(text).matches(DataRate.PATTERN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10MB", "10", "/s", "10 Mbit/s", "0 MB/s", "10MB/h", "-1 MB/s"})
  void whatIsNoRateIsRefused(String text) {
    assertThatThrownBy(() -> DataRate.parse(text))
        .isInstanceOf(InvalidValue.class)
        .hasMessageContaining(DataRate.EXPECTED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10", "10G", "10 gb", "-1 GB", "1.5 B", "10 Go", "9999999999 TB"})
  void whatIsNoSizeIsRefused(String text) {
    assertThatThrownBy(() -> DataSize.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(DataSize.EXPECTED);
  }

  @Test
  void percentagesAreReadAsPeopleWriteThem() {
    assertThat(List.of("99.9%", "99.9 %", " 99.90% "))
        .allSatisfy(
            text -> {
              assertThat(Percentage.parse(text))
                  .isEqualTo(Percentage.of(99.9))
                  .hasToString("99.9%");
              assertThat(text).matches(Percentage.PATTERN);
            });
    assertThat(Percentage.parse("100%").fraction()).isEqualTo(1.0);
    assertThat(List.of("", "99.9", "101%", "-1%", "99,9%", "%", "1000%"))
        .allSatisfy(
            text -> assertThatIllegalArgumentException().isThrownBy(() -> Percentage.parse(text)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          > 0   | 1       | true
          > 0   | 0       | false
          > 0   | 10      | true
          > 9   | 10      | true
          > 0   | many    | false
          >= 40 | 40      | true
          < 5   | 5       | false
          <= 5  | 5.0     | true
          = 40  | 40      | true
          = 40  | 40.00   | true
          40    | 40      | true
          != 0  | 3       | true
          != 0  | 0.0     | false
          != draft | published | true
          published | published | true
          published | Published | false
          = ''  | ''      | true
          = 'a' | a       | true
          """)
  void expectedResultsCompareNumbersAsNumbers(String expected, String actual, boolean met) {
    assertThat(ExpectedResult.parse(expected).isMetBy(actual)).isEqualTo(met);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "> many", "<=", "> 0; drop table users"})
  void whatIsNoExpectedResultIsRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> ExpectedResult.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"17.07.2026", "2026-7-17", "2026-02-30", "+999999999-01-01", "today", "20260717"})
  void whatIsNoDayIsRefused(String text) {
    assertThat(PlanText.load(PlanText.PLAN + "review: { next: '" + text + "' }\n").problems())
        .singleElement()
        .satisfies(problem -> assertThat(problem.expected()).startsWith("a day such as"));
  }

  @ParameterizedTest
  @CsvSource({
    "ssh://deploy@backup.example.net, deploy, backup.example.net, 22",
    "ssh://backup.example.net:2222, , backup.example.net, 2222",
    "ssh://me@[2001:db8::1]:22, me, [2001:db8::1], 22"
  })
  void addressesOfOtherHosts(String text, String user, String host, int port) {
    assertThat(HostAddress.parse(text))
        .isEqualTo(new RemoteHost(new SshAddress(Optional.ofNullable(user), host, port)));
    assertThat(HostAddress.parse(HostAddress.parse(text).toString()))
        .isEqualTo(HostAddress.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Local",
        "ssh://",
        "ssh://-x",
        "ssh://-x@h",
        "ssh://a b",
        "ssh://h/path",
        "ssh://h:0",
        "ssh://u:p@h",
        "ssh://h;reboot",
        "ssh://$(x)",
        "http://h",
        "ssh://a@b@c"
      })
  void whatIsNoAddressIsRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> HostAddress.parse(text));
  }
}
