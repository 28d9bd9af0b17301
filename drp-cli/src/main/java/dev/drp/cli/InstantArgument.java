package dev.drp.cli;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** An instant on the command line: always with its time zone, as guessing one restores wrongly. */
final class InstantArgument implements ITypeConverter<Instant> {
  @Override
  public Instant convert(String text) {
    String iso = text.strip().replace(' ', 'T');
    try {
      return OffsetDateTime.parse(iso).toInstant();
    } catch (DateTimeException e) {
      throw new TypeConversionException(
          withoutZone(iso)
              ? "%s has no time zone; %sZ is UTC, %s%s is local time"
                  .formatted(Format.quote(text), iso, iso, localOffset(iso))
              : "%s is no instant such as 2026-11-22T10:15:00Z or 2026-11-22T11:15:00+01:00"
                  .formatted(Format.quote(text)));
    }
  }

  private static String localOffset(String iso) {
    return ZoneId.systemDefault().getRules().getOffset(LocalDateTime.parse(iso)).getId();
  }

  private static boolean withoutZone(String iso) {
    try {
      LocalDateTime.parse(iso);
      return true;
    } catch (DateTimeException e) {
      return false;
    }
  }
}
