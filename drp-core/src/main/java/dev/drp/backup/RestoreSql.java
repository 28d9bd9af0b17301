package dev.drp.backup;

import dev.drp.database.DatabaseProperties;
import dev.drp.database.DatabaseProperties.Privilege;
import dev.drp.database.DatabaseProperties.Setting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Statements of the script that restores by hand. The database's name is psql's variable {@code
 * target}; all other names and values are quoted here.
 */
final class RestoreSql {
  private static final String TARGET = ":\"target\"";
  private static final Pattern PRIVILEGE = Pattern.compile("[A-Z]+");

  /** Settings that are lists of names; the server keeps them quoted as a statement needs them. */
  private static final Set<String> LISTS =
      Set.of(
          "local_preload_libraries",
          "search_path",
          "session_preload_libraries",
          "shared_preload_libraries",
          "temp_tablespaces",
          "unix_socket_directories");

  private final DatabaseProperties properties;

  RestoreSql(DatabaseProperties properties) {
    this.properties = properties;
  }

  String createDatabase() {
    String locale =
        properties
            .icuLocale()
            .map(icu -> " LOCALE_PROVIDER icu ICU_LOCALE " + literal(icu))
            .orElse("");
    return "CREATE DATABASE %s TEMPLATE template0 ENCODING %s LC_COLLATE %s LC_CTYPE %s%s;"
        .formatted(
            TARGET,
            literal(properties.encoding()),
            literal(properties.collate()),
            literal(properties.ctype()),
            locale);
  }

  /** Owner, privileges and settings: what a dump does not carry to a database of another name. */
  String applyProperties() {
    List<String> statements = new ArrayList<>();
    statements.add("ALTER DATABASE %s OWNER TO %s;".formatted(TARGET, name(properties.owner())));
    statements.add(
        "ALTER DATABASE %s CONNECTION LIMIT %d;".formatted(TARGET, properties.connectionLimit()));
    properties
        .privileges()
        .ifPresent(
            privileges -> {
              statements.add("REVOKE ALL ON DATABASE %s FROM PUBLIC;".formatted(TARGET));
              privileges.stream().map(RestoreSql::grant).forEach(statements::add);
            });
    properties.settings().stream().map(RestoreSql::set).forEach(statements::add);
    return String.join("\n", statements);
  }

  private static String grant(Privilege privilege) {
    if (!PRIVILEGE.matcher(privilege.privilege()).matches()) {
      throw new IllegalArgumentException("no privilege: " + privilege.privilege());
    }
    return "GRANT %s ON DATABASE %s TO %s%s;"
        .formatted(
            privilege.privilege(),
            TARGET,
            privilege.grantee().map(RestoreSql::name).orElse("PUBLIC"),
            privilege.grantable() ? " WITH GRANT OPTION" : "");
  }

  private static String set(Setting setting) {
    Optional<String> role = setting.role().map(RestoreSql::name);
    String value =
        LISTS.contains(setting.name().toLowerCase(Locale.ROOT))
            ? setting.value()
            : literal(setting.value());
    return "ALTER %sDATABASE %s SET %s TO %s;"
        .formatted(
            role.map("ROLE %s IN "::formatted).orElse(""),
            TARGET,
            Arrays.stream(setting.name().split("\\.", -1))
                .map(RestoreSql::name)
                .collect(Collectors.joining(".")),
            value.isEmpty() ? "''" : value);
  }

  private static String name(String name) {
    return "\"" + name.replace("\"", "\"\"") + "\"";
  }

  private static String literal(String value) {
    String quoted = value.replace("'", "''");
    return value.indexOf('\\') < 0 ? "'" + quoted + "'" : "E'" + quoted.replace("\\", "\\\\") + "'";
  }
}
