package dev.drp.plan;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks secrets up where their references point. No message ever holds what was found there. */
final class SecretFiles {
  private static final int LARGEST = 1 << 20;
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern ASSIGNMENT =
      Pattern.compile("\\s*(?:export\\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\\s*[=:]\\s*(.*)");
  private static final Pattern QUOTED =
      Pattern.compile("'([^']*)'\\s*(?:#.*)?|\"((?:[^\"\\\\]|\\\\.)*)\"\\s*(?:#.*)?");

  private SecretFiles() {}

  static void checkVariable(String name) {
    if (!VARIABLE.matcher(name).matches()) {
      // Not shown: whoever writes a password where a name belongs must not find it in a log.
      throw new InvalidValue(
          "a text that is not a variable's name (not shown)",
          "a variable's name: letters, digits and _",
          "");
    }
  }

  static Secret variable(SecretReference.Variable reference, Map<String, String> environment) {
    String value = environment.get(reference.name());
    if (value == null) {
      throw unavailable(reference, "this variable is not set", "set it where drp is started.");
    }
    return nonEmpty(reference, value);
  }

  static Secret wholeFile(SecretReference.WholeFile reference) {
    String content = read(reference, reference.path());
    String value =
        content.endsWith("\r\n")
            ? content.substring(0, content.length() - 2)
            : content.endsWith("\n") ? content.substring(0, content.length() - 1) : content;
    return nonEmpty(reference, value);
  }

  static Secret envFile(SecretReference.EnvFile reference) {
    Optional<String> value =
        read(reference, reference.path())
            .lines()
            .map(ASSIGNMENT::matcher)
            .filter(Matcher::matches)
            .filter(line -> line.group(1).equals(reference.name()))
            .reduce((earlier, later) -> later) // the last one counts, as in a shell
            .map(line -> unquoted(line.group(2).strip()));
    return nonEmpty(
        reference,
        value.orElseThrow(
            () ->
                unavailable(
                    reference,
                    "the file sets no variable of that name",
                    "a line %s=… is expected.".formatted(reference.name()))));
  }

  private static String unquoted(String value) {
    Matcher quoted = QUOTED.matcher(value);
    if (!quoted.matches()) {
      return value.startsWith("#") ? "" : value.replaceFirst("\\s+#.*$", "");
    }
    return quoted.group(1) != null ? quoted.group(1) : unescaped(quoted.group(2));
  }

  private static String unescaped(String value) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char escaped = value.charAt(++i);
      switch (escaped) {
        case 'n' -> text.append('\n');
        case 'r' -> text.append('\r');
        case 't' -> text.append('\t');
        case '\\', '"', '\'', '$' -> text.append(escaped);
        default -> text.append('\\').append(escaped);
      }
    }
    return text.toString();
  }

  private static String read(SecretReference reference, Path path) {
    try {
      if (!Files.exists(path)) {
        throw new NoSuchFileException(path.toString());
      }
      if (!Files.isRegularFile(path)) {
        throw unavailable(reference, "it is not a file", "name a file that holds the secret.");
      }
      try (InputStream in = Files.newInputStream(path)) {
        byte[] bytes = in.readNBytes(LARGEST + 1);
        if (bytes.length > LARGEST) {
          throw unavailable(reference, "the file is larger than 1 MiB", "is it the right file?");
        }
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      }
    } catch (CharacterCodingException e) {
      throw unavailable(reference, "the file is not UTF-8 text", "is it the right file?");
    } catch (NoSuchFileException e) {
      throw unavailable(reference, "the file does not exist", "create it, or correct the plan.");
    } catch (IOException e) {
      throw unavailable(
          reference,
          "the file cannot be read (%s)".formatted(e.getClass().getSimpleName()),
          "check its permissions and who runs drp.");
    }
  }

  private static Secret nonEmpty(SecretReference reference, String value) {
    if (value.isEmpty()) {
      throw unavailable(reference, "it is empty", "put the secret there.");
    }
    return new Secret(value);
  }

  private static RecoveryException unavailable(
      SecretReference reference, String problem, String hint) {
    return new RecoveryException(
        ErrorCode.SECRET_UNAVAILABLE, "secret %s: %s".formatted(reference, problem), hint);
  }
}
