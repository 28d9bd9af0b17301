package dev.drp.postgres;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The configuration files that a server reads from outside its data directory, as Debian's do, with
 * what they include. Read beside the server, from the files themselves: the server's own views name
 * no file that holds comments only, without which it does not start either.
 */
final class ConfigurationFiles {
  /** Where a file really is, and what it holds; nothing when it is not there. */
  private static final String READ =
      "[ -e \"$1\" ] || exit 0; printf '%s\\0' \"$(readlink -f -- \"$1\")\"; exec cat -- \"$1\"";

  private static final String LIST =
      "for file in \"$1\"/*.conf; do if [ -f \"$file\" ]; then printf '%s\\0' \"$file\"; fi; done";

  private static final Pattern SETTINGS_INCLUDE =
      Pattern.compile(
          "(?im)^[ \\t]*(include|include_if_exists|include_dir)\\b[ \\t]*=?[ \\t]*"
              + "(?:'((?:[^'\\\\\\n]|''|\\\\.)*)'|([^\\s#'=]+))");
  private static final Pattern ACCESS_INCLUDE =
      Pattern.compile(
          "(?m)^[ \\t]*(include|include_if_exists|include_dir)[ \\t]+"
              + "(?:\"([^\"\\n]*)\"|([^\\s#\",]+))");
  private static final Pattern ACCESS_LIST =
      Pattern.compile("(?m)(?:^|[\\s,])@(?:\"([^\"\\n]*)\"|([^\\s#\",]+))");
  private static final Pattern COMMENT = Pattern.compile("(?m)#.*$");

  private final Session session;
  private final ClientPrograms programs;
  private final Place place;
  private final Set<String> outside = new LinkedHashSet<>();
  private final Set<String> seen = new LinkedHashSet<>();
  private String dataDirectory = "";

  ConfigurationFiles(Session session, ClientPrograms programs, Place place) {
    this.session = session;
    this.programs = programs;
    this.place = place;
  }

  private record Places(String data, String settings, String access, String users) {}

  List<String> copy(OutputStream tar) {
    Places places =
        session.row(
            "ask where the configuration is",
            """
            SELECT current_setting('data_directory'), current_setting('config_file'),
                   current_setting('hba_file'), current_setting('ident_file')\
            """,
            row ->
                new Places(row.getString(1), row.getString(2), row.getString(3), row.getString(4)));
    CommandRunner runner = place.runner().orElse(null);
    if (runner == null) {
      requireNoneOutside(places);
      return List.of();
    }
    dataDirectory = runner.run(Command.of("readlink", "-f", "--", places.data)).strip();
    addSettings(runner, places.settings, true);
    addAccess(runner, places.access, true);
    addAccess(runner, places.users, true);
    if (outside.isEmpty()) {
      return List.of();
    }
    List<String> command = new ArrayList<>(List.of("tar", "-c", "-h", "-f", "-", "-C", "/", "--"));
    outside.forEach(path -> command.add(path.substring(1)));
    programs.copyOutput(Command.of(command), tar);
    return List.copyOf(outside);
  }

  private void requireNoneOutside(Places places) {
    for (String path : List.of(places.settings, places.access, places.users)) {
      if (!path.startsWith(places.data + "/")) {
        throw new RecoveryException(
            ErrorCode.REFUSED,
            "%s: its configuration %s is on another machine, where it cannot be read"
                .formatted(place.name(), path),
            "run this on the server's own machine.");
      }
    }
  }

  private void addSettings(CommandRunner runner, String path, boolean required) {
    if (!seen.add(path)) {
      return;
    }
    String content = read(runner, path, required);
    Matcher include = SETTINGS_INCLUDE.matcher(content);
    while (include.find()) {
      String name =
          include.group(2) == null
              ? include.group(3)
              : include.group(2).replace("''", "'").replaceAll("\\\\(.)", "$1");
      for (String file : included(runner, path, include.group(1), name)) {
        addSettings(runner, file, isRequired(include.group(1)));
      }
    }
  }

  private void addAccess(CommandRunner runner, String path, boolean required) {
    if (!seen.add(path)) {
      return;
    }
    String content = COMMENT.matcher(read(runner, path, required)).replaceAll("");
    Matcher include = ACCESS_INCLUDE.matcher(content);
    while (include.find()) {
      String name = include.group(2) == null ? include.group(3) : include.group(2);
      for (String file : included(runner, path, include.group(1), name)) {
        addAccess(runner, file, isRequired(include.group(1)));
      }
    }
    Matcher list = ACCESS_LIST.matcher(content);
    while (list.find()) {
      String name = list.group(1) == null ? list.group(2) : list.group(1);
      addAccess(runner, beside(path, name), false); // the server goes on without it
    }
  }

  private static boolean isRequired(String directive) {
    return directive.equalsIgnoreCase("include");
  }

  private static List<String> included(
      CommandRunner runner, String from, String directive, String name) {
    String path = beside(from, name);
    if (!directive.equalsIgnoreCase("include_dir")) {
      return List.of(path);
    }
    String files = runner.run(Command.of("sh", "-c", LIST, "sh", path));
    return files.isEmpty() ? List.of() : List.of(files.split("\0"));
  }

  /** Relative to the file that includes it. */
  private static String beside(String from, String name) {
    return Path.of(from).resolveSibling(name).normalize().toString();
  }

  private String read(CommandRunner runner, String path, boolean required) {
    String answer = runner.run(Command.of("sh", "-c", READ, "sh", path));
    int end = answer.indexOf('\0');
    if (end < 0) {
      if (required) {
        throw new RecoveryException(
            ErrorCode.COMMAND_FAILED,
            "%s: the configuration file %s cannot be found".formatted(place.name(), path),
            "does this account see it? Without it the server would not start again.");
      }
      return "";
    }
    if (!answer.substring(0, end).startsWith(dataDirectory + "/")) {
      outside.add(path);
    }
    return answer.substring(end + 1);
  }
}
