package dev.drp.plan;

import static java.time.ZoneOffset.UTC;

import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Moments as cron writes them: minute, hour, day of month, month, day of week. As in cron, where
 * both days are restricted, one of them is enough.
 */
public final class CronExpression {
  static final String EXPECTED =
      "five fields as in cron (minute, hour, day of month, month, day of week), such as '0 2 * *"
          + " *'";

  /**
   * Every pattern that ever fires does so within this time: 29 February, across a year like 2100.
   */
  private static final int LONGEST_WAIT_YEARS = 9;

  private static final ZonedDateTime START = ZonedDateTime.of(2024, 1, 1, 0, 0, 0, 0, UTC);

  private static final List<String> MONTHS =
      List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
  private static final List<String> DAYS = List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");

  private final String text;
  private final BitSet minutes;
  private final BitSet hours;
  private final BitSet daysOfMonth;
  private final BitSet months;
  private final BitSet daysOfWeek;
  private final boolean eitherDay;

  private CronExpression(String text, String[] fields) {
    this.text = text;
    this.minutes = field(fields[0], 0, 59, List.of());
    this.hours = field(fields[1], 0, 23, List.of());
    this.daysOfMonth = field(fields[2], 1, 31, List.of());
    this.months = field(fields[3], 1, 12, MONTHS);
    this.daysOfWeek = field(fields[4], 0, 7, DAYS);
    if (daysOfWeek.get(0)) {
      daysOfWeek.set(7); // both are Sunday; java.time says 7
    }
    this.eitherDay = !fields[2].startsWith("*") && !fields[4].startsWith("*");
  }

  /**
   * Reads five fields; {@code *}, ranges, lists, steps and names of days and months.
   *
   * @throws IllegalArgumentException with what is expected instead
   */
  public static CronExpression parse(String text) {
    String[] fields = text.strip().toLowerCase(Locale.ROOT).split("\\s+");
    if (fields.length != 5) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
    CronExpression cron;
    try {
      cron = new CronExpression(text.strip(), fields);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "");
    }
    if (cron.next(START).isEmpty()) {
      throw new InvalidValue(Text.quote(text), EXPECTED, "there is no such day.");
    }
    return cron;
  }

  private static BitSet field(String field, int first, int last, List<String> names) {
    BitSet set = new BitSet(last + 1);
    for (String part : field.split(",", -1)) {
      String[] rangeAndStep = part.split("/", -1);
      String[] range = rangeAndStep[0].split("-", -1);
      boolean all = rangeAndStep[0].equals("*");
      int from = all ? first : value(range[0], first, names);
      int step = rangeAndStep.length == 1 ? 1 : Integer.parseInt(rangeAndStep[1]);
      int to = all || (range.length == 1 && rangeAndStep.length > 1) ? last : from;
      if (range.length == 2) {
        to = value(range[1], first, names);
      }
      if (from < first || to > last || from > to || step < 1) {
        throw new IndexOutOfBoundsException(part);
      }
      if (range.length > 2 || rangeAndStep.length > 2) {
        throw new NumberFormatException(part);
      }
      for (int i = from; i <= to; i += step) {
        set.set(i);
      }
    }
    return set;
  }

  private static int value(String text, int first, List<String> names) {
    int name = names.indexOf(text);
    return name >= 0 ? name + first : Integer.parseInt(text);
  }

  /** The first moment after this one, in its zone; empty only beyond the calendar. */
  public Optional<ZonedDateTime> next(ZonedDateTime after) {
    ZonedDateTime moment = after.truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
    ZonedDateTime end = after.plusYears(LONGEST_WAIT_YEARS);
    while (moment.isBefore(end)) {
      if (!months.get(moment.getMonthValue())) {
        moment = moment.truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1).plusMonths(1);
      } else if (!isDay(moment)) {
        moment = moment.truncatedTo(ChronoUnit.DAYS).plusDays(1);
      } else if (!hours.get(moment.getHour())) {
        moment = moment.truncatedTo(ChronoUnit.HOURS).plusHours(1);
      } else if (!minutes.get(moment.getMinute())) {
        moment = moment.plusMinutes(1);
      } else {
        return Optional.of(moment);
      }
    }
    return Optional.empty();
  }

  private boolean isDay(ZonedDateTime moment) {
    boolean ofMonth = daysOfMonth.get(moment.getDayOfMonth());
    boolean ofWeek = daysOfWeek.get(moment.getDayOfWeek().getValue());
    return eitherDay ? ofMonth || ofWeek : ofMonth && ofWeek;
  }

  /** The longest time between two moments, where no clock is put forward or back. */
  public Duration longestGap() {
    List<Integer> minutesOfDay =
        hours.stream()
            .boxed()
            .flatMap(hour -> minutes.stream().mapToObj(minute -> hour * 60 + minute))
            .toList();
    int first = minutesOfDay.get(0);
    int last = minutesOfDay.get(minutesOfDay.size() - 1);
    int longest = 0;
    for (int i = 1; i < minutesOfDay.size(); i++) {
      longest = Math.max(longest, minutesOfDay.get(i) - minutesOfDay.get(i - 1));
    }
    ZonedDateTime day = START;
    @Nullable ZonedDateTime earlier = null;
    for (; day.isBefore(START.plusYears(LONGEST_WAIT_YEARS)); day = day.plusDays(1)) {
      if (months.get(day.getMonthValue()) && isDay(day)) {
        if (earlier != null) {
          int days = (int) ChronoUnit.DAYS.between(earlier, day);
          longest = Math.max(longest, days * 24 * 60 - last + first);
        }
        earlier = day;
      }
    }
    return Duration.ofMinutes(longest);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CronExpression cron && cron.text.equals(text);
  }

  @Override
  public int hashCode() {
    return Objects.hash(text);
  }

  @Override
  public String toString() {
    return text;
  }
}
