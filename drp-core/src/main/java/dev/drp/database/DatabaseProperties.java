package dev.drp.database;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * What a database has of its own beside its content, and a dump of the content does not carry over
 * to a database of another name.
 *
 * @param localeProvider {@code libc} or {@code icu}
 * @param icuLocale the locale where the provider is ICU
 * @param collationVersion the version of the collation library's rules that sorted its indexes;
 *     empty where the library has none
 * @param connectionLimit -1 for none
 * @param privileges who may do what with it; empty optional when it has the defaults
 * @param settings per database, also for single roles in it
 */
public record DatabaseProperties(
    String owner,
    String encoding,
    String collate,
    String ctype,
    String localeProvider,
    Optional<String> icuLocale,
    Optional<String> collationVersion,
    int connectionLimit,
    Optional<List<Privilege>> privileges,
    List<Setting> settings) {
  public DatabaseProperties {
    requireNonNull(owner, "owner");
    requireNonNull(encoding, "encoding");
    requireNonNull(collate, "collate");
    requireNonNull(ctype, "ctype");
    requireNonNull(localeProvider, "localeProvider");
    requireNonNull(icuLocale, "icuLocale");
    requireNonNull(collationVersion, "collationVersion");
    privileges = privileges.map(List::copyOf);
    settings = List.copyOf(settings);
  }

  /**
   * A privilege on the database.
   *
   * @param grantee the role; empty for everybody
   */
  public record Privilege(Optional<String> grantee, String privilege, boolean grantable) {}

  /**
   * A setting that the server applies to sessions in the database.
   *
   * @param role the role it holds for; empty for all
   */
  public record Setting(Optional<String> role, String name, String value) {}
}
