package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.postgres.Globals.Membership;
import org.junit.jupiter.api.Test;

class GlobalsTest {
  private static final String DUMP =
      """
      --
      -- PostgreSQL database cluster dump
      --

      \\restrict abc

      SET default_transaction_read_only = off;
      SET client_encoding = 'UTF8';

      CREATE ROLE app;
      ALTER ROLE app WITH NOSUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN NOREPLICATION \
      NOBYPASSRLS CONNECTION LIMIT 5 PASSWORD 'SCRAM-SHA-256$4096:x;y--' VALID UNTIL '2030-01-01';
      CREATE ROLE "o'hara ""x""; DROP ROLE app;
      --";
      ALTER ROLE "o'hara ""x""; DROP ROLE app;
      --" WITH SUPERUSER NOINHERIT NOLOGIN;
      -- User Config "app"
      ALTER ROLE app SET search_path TO 'a', E'b\\\\'';';
      COMMENT ON ROLE app IS 'it''s; mine';
      GRANT readers TO app WITH ADMIN OPTION GRANTED BY postgres;
      GRANT readers TO "Writers";
      CREATE TABLESPACE fast OWNER app LOCATION '/fast;ssd';
      """;

  private final Globals globals = Globals.parse(DUMP);

  @Test
  void findsRolesWhateverTheirNames() {
    assertThat(globals.created().keySet())
        .containsExactly("app", "o'hara \"x\"; DROP ROLE app;\n--");
    assertThat(globals.created().get("app")).hasSize(2);
  }

  @Test
  void readsAttributesButNoPassword() {
    assertThat(globals.attributes().get("app"))
        .containsEntry("CREATEDB", "CREATEDB")
        .containsEntry("SUPERUSER", "NOSUPERUSER")
        .containsEntry("CONNECTION LIMIT", "5")
        .containsEntry("VALID UNTIL", "2030-01-01")
        .doesNotContainKey("PASSWORD");
    assertThat(globals.attributes().toString()).doesNotContain("SCRAM");
  }

  @Test
  void readsSettingsAndMemberships() {
    assertThat(globals.settings().get("app"))
        .containsExactly(
            "ALTER ROLE app SET search_path TO 'a', E'b\\\\'';'",
            "COMMENT ON ROLE app IS 'it''s; mine'");
    assertThat(globals.memberships())
        .containsExactly(
            new Membership("readers", "app", true), new Membership("readers", "Writers", false));
  }

  @Test
  void listsWhatItDoesNotRun() {
    assertThat(globals.others())
        .containsExactly("CREATE TABLESPACE fast OWNER app LOCATION '/fast;ssd'");
  }
}
