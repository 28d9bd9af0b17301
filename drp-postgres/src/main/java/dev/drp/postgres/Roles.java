package dev.drp.postgres;

import dev.drp.database.RoleChanges;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The roles of a server against those of a backup's globals. */
final class Roles {
  private static final String ATTRIBUTES =
      """
      SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
             rolreplication, rolbypassrls, rolconnlimit
        FROM pg_catalog.pg_roles\
      """;

  private static final List<String> IN_ORDER =
      List.of(
          "SUPERUSER", "INHERIT", "CREATEROLE", "CREATEDB", "LOGIN", "REPLICATION", "BYPASSRLS");

  private final Session session;

  Roles(Session session) {
    this.session = session;
  }

  RoleChanges compare(Globals globals) {
    Map<String, Map<String, String>> here = attributes();
    Set<Globals.Membership> memberships = new HashSet<>(memberships());
    List<String> missing =
        globals.created().keySet().stream().filter(role -> !here.containsKey(role)).toList();
    List<String> differences = new ArrayList<>();
    globals
        .attributes()
        .forEach(
            (role, wanted) -> {
              Map<String, String> actual = here.get(role);
              if (actual != null) {
                differences.addAll(differences(role, wanted, actual));
              }
            });
    globals.memberships().stream()
        .filter(it -> here.containsKey(it.member()))
        .filter(it -> !memberships.contains(it))
        .map(
            it ->
                "role %s is a member of %s%s in the backup, not here; if it should be: %s"
                    .formatted(
                        it.member(), it.role(), it.admin() ? " as admin" : "", it.statement()))
        .forEach(differences::add);
    List<String> notRestored =
        globals.others().stream()
            .map(statement -> "not about roles, and so left to you: " + statement)
            .toList();
    return new RoleChanges(missing, differences, notRestored);
  }

  RoleChanges createMissing(Globals globals) {
    RoleChanges changes = compare(globals);
    Set<String> missing = new HashSet<>(changes.missing());
    if (missing.isEmpty()) {
      return changes;
    }
    // Statements with hashes of passwords must not be found in the server's log.
    session.change(
        "keep passwords out of the log",
        "SET log_statement = none; SET log_min_duration_statement = -1;"
            + " SET log_min_error_statement = panic");
    session.transaction(
        "create roles",
        () -> {
          globals.created().forEach((role, statements) -> run(missing, role, statements));
          globals.settings().forEach((role, statements) -> run(missing, role, statements));
          globals.memberships().stream()
              .filter(it -> missing.contains(it.member()))
              .forEach(it -> session.change("grant role " + it.role(), it.statement()));
        });
    return changes;
  }

  private void run(Set<String> missing, String role, List<String> statements) {
    if (missing.contains(role)) {
      statements.forEach(statement -> session.change("create role " + role, statement));
    }
  }

  private static List<String> differences(
      String role, Map<String, String> wanted, Map<String, String> actual) {
    List<String> differences = new ArrayList<>();
    wanted.forEach(
        (name, value) -> {
          String here = actual.get(name);
          if (here != null && !here.equals(value)) {
            differences.add(
                "role %s: %s in the backup, %s here"
                    .formatted(role, spoken(name, value), spoken(name, here)));
          }
        });
    if (!wanted.containsKey("CONNECTION LIMIT") && !"-1".equals(actual.get("CONNECTION LIMIT"))) {
      differences.add(
          "role %s: no CONNECTION LIMIT in the backup, %s here"
              .formatted(role, actual.get("CONNECTION LIMIT")));
    }
    return differences;
  }

  private static String spoken(String name, String value) {
    return IN_ORDER.contains(name) ? value : name + " " + value;
  }

  private Map<String, Map<String, String>> attributes() {
    Map<String, Map<String, String>> roles = new TreeMap<>();
    session.rows(
        "list roles",
        ATTRIBUTES,
        row -> {
          Map<String, String> attributes = new TreeMap<>();
          for (int i = 0; i < IN_ORDER.size(); i++) {
            String name = IN_ORDER.get(i);
            attributes.put(name, row.getBoolean(i + 2) ? name : "NO" + name);
          }
          attributes.put("CONNECTION LIMIT", row.getString(IN_ORDER.size() + 2));
          return roles.put(row.getString(1), attributes) == null;
        });
    return roles;
  }

  private List<Globals.Membership> memberships() {
    return session.rows(
        "list members of roles",
        """
        SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), bool_or(admin_option)
          FROM pg_catalog.pg_auth_members GROUP BY 1, 2\
        """,
        row -> new Globals.Membership(row.getString(1), row.getString(2), row.getBoolean(3)));
  }
}
