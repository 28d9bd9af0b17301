package dev.drp.plan;

import static dev.drp.plan.PlanText.PLAN;
import static dev.drp.plan.PlanText.load;
import static dev.drp.plan.PlanText.problemWith;
import static dev.drp.plan.PlanText.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlanLoaderTest {
  @Test
  void aGoodPlanHasNoProblem() {
    LoadedPlan loaded = load(PLAN);

    assertThat(loaded.problems()).isEmpty();
    assertThat(loaded.notActedOn()).isEmpty();
    ContingencyPlan plan = loaded.orThrow();
    assertThat(plan.objectives()).isEqualTo(Objectives.of(Duration.ofHours(4), Duration.ofDays(1)));
    assertThat(plan.site("primary").host()).isEqualTo(LocalHost.LOCAL);
    assertThat(plan.environment("production").isProtected()).isTrue();
    assertThat(plan.environment("production").requireDatabase())
        .isEqualTo(
            DatabaseSettings.builder("shop", "shop")
                .service("db")
                .password(new SecretReference.Variable("SHOP_PASSWORD"))
                .build());
    assertThat(plan.storage("local"))
        .isEqualTo(new Storage.Directory("local", Path.of("/var/backups"), true));
    assertThat(plan.backup("daily").keep())
        .isEqualTo(Retention.within(Span.of(Duration.ofDays(7))));
  }

  @Test
  void allProblemsAreReportedTogetherInTheOrderOfTheFile() {
    LoadedPlan loaded =
        load(
            """
            format: 1
            aplication: Shop
            objectives: { recovery-time: 4 hors }
            sites:
              primary: { host: local }
            environments:
              production:
                site: primry
                database: { service: db, host: localhost, name: shop, user: shop, password: hunter2 }
            backups:
              daily: { environment: production, kind: logical, keep: 7d, to: [local] }
            """);

    assertThat(loaded.plan()).isEmpty();
    assertThat(loaded.problems())
        .extracting(PlanProblem::line, PlanProblem::path)
        .containsExactly(
            tuple(1, "application"),
            tuple(2, "aplication"),
            tuple(3, "objectives.recovery-time"),
            tuple(8, "environments.production.site"),
            tuple(9, "environments.production.database.password"),
            tuple(11, "backups.daily"),
            tuple(11, "backups.daily.to[0]"));
  }

  @Test
  void aProblemSaysWhereAndWhatAndWhatWasProbablyMeant() {
    assertThat(problemWith("recovery-time: 4h", "recovry-time: 4h"))
        .isEqualTo(
            new PlanProblem(
                PlanProblem.Severity.ERROR,
                3,
                15,
                "objectives.recovry-time",
                "the unknown key 'recovry-time'",
                "one of the keys recovery-time, recovery-point, repair-time, availability",
                "",
                "recovery-time"))
        .asString()
        .isEqualTo(
            "line 3, column 15: objectives.recovry-time: found the unknown key 'recovry-time';"
                + " expected one of the keys recovery-time, recovery-point, repair-time,"
                + " availability; did you mean 'recovery-time'?");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          recovery-time: 4h       | recoverytime: 4h        | recovery-time
          recovery-time: 4h       | recovery_time: 4h       | recovery-time
          recovery-time: 4h       | revocery-time: 4h       | recovery-time
          recovery-time: 4h       | banana: 4h              | ''
          kind: logical           | kind: logicl            | logical
          environment: production, kind: l | environment: prod, kind: l | production
          to: [local]             | to: [locale]            | local
          to: [local]             | to: [loacl]             | local
          site: primary           | site: primari           | primary
          { directory: /var/b     | { dirctory: /var/b      | directory
          """)
  void theNearestKnownWordIsNamed(String piece, String replacement, String nearest) {
    assertThat(with(piece, replacement).problems().get(0).nearest()).isEqualTo(nearest);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          recovery-time: 4h      | recovery-time: 4         | objectives.recovery-time | the unit is missing
          recovery-time: 4h      | recovery-time: 1 month   | objectives.recovery-time | no exact length
          recovery-time: 4h      | recovery-time: -4h       | objectives.recovery-time | such as
          recovery-time: 4h      | recovery-time:           | objectives.recovery-time | nothing
          recovery-time: 4h      | recovery-time: [4h]      | objectives.recovery-time | a list
          recovery-time: 4h      | availability: 99.9       | objectives.availability  | the % sign is missing
          recovery-time: 4h      | availability: 101%       | objectives.availability  | from 0% to 100%
          every: 1d,             | every: 0,                | backups.daily.every      | no time at all
          every: 1d,             | at: 25 2 * *,            | backups.daily.at         | five fields
          every: 1d,             | every: 1d, at: '0 2 * * *', | backups.daily.at      | both every and at
          every: 1d,             | ''                       | backups.daily            | neither every nor at
          keep: 7d               | keep: 7                  | backups.daily.keep       | the unit is missing
          keep: 7d               | keep: { daily: 0 }       | backups.daily.keep       | keeps nothing
          keep: 7d               | keep: { daily: -1, within: 1d } | backups.daily.keep.daily | 0 or more
          , keep: 7d             | ''                       | backups.daily.keep       | the key 'keep'
          to: [local]            | to: []                   | backups.daily.to         | at least one
          to: [local]            | to: local                | backups.daily.to         | a list
          to: [local]            | to: [local, local]       | backups.daily.to         | each storage once
          service: db            | port: 5432               | environments.production.database | neither service nor host
          name: shop             | name: ''                 | environments.production.database.name | an empty text
          name: shop             | name: postgres           | environments.production.database.maintenance-database | the database itself
          host: local            | host: example.net        | sites.primary.host       | ssh://
          host: local            | host: ssh://-oProxyCommand=x | sites.primary.host   | ssh://user@host
          host: local            | host: ssh://me@h:99999   | sites.primary.host       | from 1 to 65535
          host: local            | host: local, known-hosts: /k | sites.primary.known-hosts | only where host
          { directory: /var/b    | { path: /var/b           | storages.local           | none of them
          { directory: /var/b    | { sftp: a@b, directory: /var/b | storages.local     | directory and sftp
          { directory: /var/b    | { directory: ~bob/b      | storages.local.directory | only ~/ is known
          off-site: true         | off-site: yes            | storages.local.off-site  | true or false
          project: shop          | project: Shop!           | environments.production.compose.project | as Compose allows it
          """)
  void aWrongValueSaysWhatIsExpected(
      String piece, String replacement, String path, String expectation) {
    assertThat(with(piece, replacement).problems())
        .anySatisfy(
            problem -> {
              assertThat(problem.path()).isEqualTo(path);
              assertThat(problem.toString()).contains(expectation);
            });
  }

  @Test
  void aDatabaseIsInAServiceOrOnAHostAndNotBoth() {
    PlanProblem both = problemWith("service: db\n", "service: db\n      host: localhost\n");

    assertThat(both.path()).isEqualTo("environments.production.database.host");
    assertThat(both.line()).isEqualTo(12);
    assertThat(problemWith("service: db\n", "host: localhost\n      port: 0\n").path())
        .isEqualTo("environments.production.database.port");
    assertThat(
            with("service: db\n", "host: /var/run/postgresql\n")
                .orThrow()
                .environment("production")
                .requireDatabase()
                .isUnixSocket())
        .isTrue();
  }

  @Test
  void aServiceNeedsACompose() {
    assertThat(problemWith("    compose: { project: shop, directory: /srv/shop }\n", "").path())
        .isEqualTo("environments.production.database.service");
  }

  @Test
  void aKeyThatIsThereTwiceIsAProblem() {
    PlanProblem problem = problemWith("user: shop\n", "user: shop\n      user: other\n");

    assertThat(problem.path()).isEqualTo("environments.production.database.user");
    assertThat(problem.hint()).isEqualTo("it is on line 13 already.");
  }

  @Test
  void aNameThatIsDefinedNowhereIsReportedAlsoIfWhatItNamesIsBroken() {
    assertThat(
            with("{ environment: production, kind: logical", "{ environment: staging, kind: x")
                .problems())
        .extracting(PlanProblem::path)
        .containsExactly("backups.daily.environment", "backups.daily.kind");
    assertThat(with("site: primary", "sight: primary").problems())
        .extracting(PlanProblem::path)
        .containsExactly("environments.production.site", "environments.production.sight");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hunter2",
        "12345",
        "${DB_PASSWORD}",
        "env:hunter2!",
        "env-file:/etc/hunter2",
        "env-file:/etc/x#hunter2!",
        "ENV:hunter2"
      })
  void aPasswordIsNeverAcceptedAndNeverShown(String literal) {
    PlanProblem problem = problemWith("env:SHOP_PASSWORD", "'" + literal + "'");

    assertThat(problem.path()).isEqualTo("environments.production.database.password");
    assertThat(problem.expected()).containsAnyOf("env:NAME", "a variable's name");
    assertThat(problem.toString()).doesNotContain("hunter2").doesNotContain("12345");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ssh://me:hunter2@example.net",
        "ssh://me:hun/hunter2@example.net",
        "https://me:hunter2@example.net"
      })
  void thePasswordOfAnAddressIsNeverShown(String address) {
    PlanProblem problem = problemWith("host: local", "host: " + address);

    assertThat(problem.toString()).doesNotContain("hunter2");
  }

  @Test
  void aTextIsTakenAsItIsWritten() {
    ContingencyPlan plan = with("name: shop", "name: 0123").orThrow();

    assertThat(plan.environment("production").requireDatabase().name()).isEqualTo("0123");
    assertThat(with("application: Shop", "application: no").orThrow().application())
        .isEqualTo("no");
  }

  @Test
  void namesOfTheServerAreKeptWhateverTheyHold() {
    String hostile = "a'b\\\"c $(rm -rf /) ../\\n; --";
    DatabaseSettings database =
        with("name: shop", "name: \"" + hostile + "\"")
            .orThrow()
            .environment("production")
            .requireDatabase();

    assertThat(database.name()).isEqualTo("a'b\"c $(rm -rf /) ../\n; --");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'a b'",
        "'a/b'",
        "../x",
        "Production",
        "$(reboot)",
        "\"a\\nb\"",
        "-x",
        "'a.b'",
        "é"
      })
  void namesOfThePlanAreRestricted(String name) {
    String renamed = PLAN.replace("\n  production:\n", "\n  " + name + ":\n");

    assertThat(load(renamed).problems())
        .anySatisfy(problem -> assertThat(problem.expected()).isEqualTo(Rules.NAME_EXPECTED));
    assertThat(load(renamed.replace("user: shop", "usr: shop")).problems())
        .as("also if the entry has other problems")
        .anySatisfy(problem -> assertThat(problem.expected()).isEqualTo(Rules.NAME_EXPECTED));
  }

  @Test
  void pathsStartAtTheFileOrAtHome() {
    PlanPaths paths = new PlanPaths(Path.of("/plans"), Path.of("/home/me"));

    assertThat(paths.resolve("x/../y")).isEqualTo(Path.of("/plans/y"));
    assertThat(paths.resolve("~/x")).isEqualTo(Path.of("/home/me/x"));
    assertThat(paths.resolve("~")).isEqualTo(Path.of("/home/me"));
    assertThat(paths.resolve("/x")).isEqualTo(Path.of("/x"));
    assertThatThrownBy(() -> paths.resolve("a\0b")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aLoneTildeIsNothingInYaml() {
    assertThat(problemWith("directory: /var/backups", "directory: ~").hint())
        .contains("a lone ~ means nothing");
  }

  @Test
  void aPathWithAVariableIsAWarningAndStaysAsItIs() {
    LoadedPlan loaded = with("directory: /var/backups", "directory: /var/$USER");

    assertThat(loaded.problems())
        .extracting(PlanProblem::severity)
        .containsExactly(PlanProblem.Severity.WARNING);
    assertThat(loaded.orThrow().storage("local"))
        .isEqualTo(new Storage.Directory("local", Path.of("/var/$USER"), true));
  }

  @Test
  void ofAnotherFormatNothingElseIsSaid() {
    LoadedPlan loaded = load("format: 2\nthings: {}\n");

    assertThat(loaded.problems()).hasSize(1);
    assertThat(loaded.problems().get(0).path()).isEqualTo("format");
  }

  @Test
  void whatNothingActsOnIsListedOnce() {
    LoadedPlan loaded =
        load(
            PLAN.replace("kind: restore", "kind: verify")
                + """
                escalation:
                  levels: [{ trigger: x, after: 15m, call: [lead] }]
                contacts:
                  lead: { role: lead }
                """);

    assertThat(loaded.notActedOn())
        .containsExactly(
            new NotActedOn("drills.restore.kind", 20, "verify"),
            new NotActedOn("escalation", 21, ""),
            new NotActedOn("contacts", 23, ""));
  }

  @Test
  void whatNothingActsOnIsCheckedAllTheSame() {
    LoadedPlan loaded =
        load(
            PLAN
                + """
                escalation:
                  levels: [{ trigger: x, after: soon, call: [leed] }]
                contacts:
                  lead: { role: lead }
                """);

    assertThat(loaded.problems())
        .extracting(PlanProblem::path, PlanProblem::nearest)
        .containsExactly(
            tuple("escalation.levels[0].after", ""), tuple("escalation.levels[0].call[0]", "lead"));
  }

  @Test
  void theLineOfAPropertyIsThatOfTheNearestSectionThatTheFileHas() {
    LoadedPlan loaded = load(PLAN);

    assertThat(loaded.line("backups.daily.to[0]")).hasValue(18);
    assertThat(loaded.line("environments.production.database.port")).hasValue(10);
    assertThat(loaded.line("review")).isEmpty();
  }

  @Test
  void whoeverNeedsThePlanGetsAllErrorsInOneException() {
    assertThatThrownBy(() -> load("format: 1\n").orThrow())
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PLAN_INVALID))
        .hasMessageContaining("application: found nothing")
        .hasMessageContaining("environments: found nothing")
        .hasMessageContaining("HINT:");
  }

  @Test
  void aFileThatIsNotThereIsAnErrorThatNamesOneThatIs(@TempDir Path folder) throws IOException {
    assertUnreadable(folder.resolve("drp.yaml"), "does not exist", "examples/drp.yaml");
    Files.writeString(folder.resolve("drp.yml"), PLAN);
    assertUnreadable(folder.resolve("drp.yaml"), "does not exist", "did you mean");
    assertUnreadable(folder.resolve("none/drp.yaml"), "does not exist", "examples/drp.yaml");
  }

  @Test
  void aFolderIsNoPlan(@TempDir Path folder) throws IOException {
    assertUnreadable(folder, "is a folder", "name the plan file itself");
    Files.writeString(folder.resolve("drp.yaml"), PLAN);
    assertUnreadable(folder, "is a folder", "did you mean " + folder.resolve("drp.yaml"));
  }

  private static void assertUnreadable(Path file, String problem, String hint) {
    assertThatThrownBy(() -> PlanLoader.load(file))
        .isInstanceOfSatisfying(
            RecoveryException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PLAN_INVALID))
        .hasMessageContaining(problem)
        .hasMessageContaining(hint);
  }
}
