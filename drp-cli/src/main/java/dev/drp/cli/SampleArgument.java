package dev.drp.cli;

import dev.drp.backup.Sample;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A part of all, such as {@code 1/7}: into how many slices to deal it. */
final class SampleArgument implements ITypeConverter<Integer> {
  private static final Pattern ONE_OF = Pattern.compile("1/(\\d{1,3})");

  @Override
  public Integer convert(String text) {
    Matcher matcher = ONE_OF.matcher(text);
    if (matcher.matches()) {
      int slices = Integer.parseInt(matcher.group(1));
      if (slices >= 2 && slices <= Sample.MOST) {
        return slices;
      }
    }
    throw new TypeConversionException(
        "%s is no part from 1/2 to 1/%d, such as 1/7 for a week"
            .formatted(Format.quote(text), Sample.MOST));
  }
}
