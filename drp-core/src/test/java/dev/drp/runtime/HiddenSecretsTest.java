package dev.drp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HiddenSecretsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "POSTGRES_PASSWORD",
        "MYSQL_PWD",
        "DB_PASS",
        "PASS",
        "SMTP_PASSWD",
        "JWT_SECRET",
        "apiToken",
        "SIGNING_KEY",
        "APIKEY",
        "TLS_PRIVATE",
        "COOKIE_SALT",
        "AWS_CREDENTIALS"
      })
  void hidesValuesOfVariablesWhoseNamesSoundSecret(String name) {
    assertThat(HiddenSecrets.of(Map.of(name, "hush+hush$1")).hideIn("login hush+hush$1 failed"))
        .isEqualTo("login *** failed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POSTGRES_PASSWORD_FILE", "POSTGRES_DB", "MONKEY", "PASSENGER", "PATH"})
  void leavesOtherValues(String name) {
    assertThat(HiddenSecrets.of(Map.of(name, "ordinary")).hideIn("an ordinary day"))
        .isEqualTo("an ordinary day");
  }

  @Test
  void hidesPasswordsInAddressesAlsoWhereTheyStandAlone() {
    HiddenSecrets secrets = HiddenSecrets.of(Map.of("DATABASE_URL", "postgres://app:p4ss@db/app"));

    assertThat(secrets.hideIn("cannot open postgres://app:p4ss@db/app: p4ss is wrong"))
        .isEqualTo("cannot open postgres://app:***@db/app: *** is wrong");
    assertThat(secrets.hideIn("amqp://guest:guest@queue:5672/ and http://host:80/a@b"))
        .isEqualTo("amqp://guest:***@queue:5672/ and http://host:80/a@b");
  }

  @Test
  void hidesEachLineOfAKeyAndTheLongerOfTwoSecrets() {
    HiddenSecrets secrets =
        HiddenSecrets.of(
            Map.of("SSH_KEY", "BEGIN\nAAAABBBB\nEND", "A_TOKEN", "abcd", "B_TOKEN", "abcdef"));

    assertThat(secrets.hideIn("> AAAABBBB <")).isEqualTo("> *** <");
    assertThat(secrets.hideIn("it is abcdef")).isEqualTo("it is ***");
  }

  @Test
  void leavesWhatIsTooShortToBeASecret() {
    assertThat(HiddenSecrets.of(Map.of("PASSWORD", "1")).hideIn("step 1 of 12"))
        .isEqualTo("step 1 of 12");
  }
}
