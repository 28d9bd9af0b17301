package dev.drp.plan;

import static dev.drp.plan.PlanText.PLAN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.plan.PlanFinding.Rule;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.ResourceBundle;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PlanLintTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);
  private static final String SERVER_ELSEWHERE =
      "    database: { host: db.example.net, name: shop, user: shop }\n";

  private static List<PlanFinding> findings(String text) {
    LoadedPlan loaded = PlanText.load(text);
    assertThat(loaded.problems()).isEmpty();
    return PlanLint.check(loaded, CLOCK);
  }

  private static void assertFound(String text, Rule rule, String path) {
    assertThat(findings(text))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.rule()).isEqualTo(rule);
              assertThat(finding.path()).isEqualTo(path);
              assertThat(finding.line()).isPresent();
              assertThat(finding.message()).doesNotContain("%").isNotBlank();
            });
  }

  private static String environment(String name, String content) {
    return PLAN.replace("environments:\n", "environments:\n  %s:\n%s".formatted(name, content));
  }

  @Test
  void nothingIsFoundInAPlanThatHoldsTogether() {
    assertThat(findings(PLAN)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          recovery-point: 1 day | recovery-point: 23h    | RECOVERY_POINT_NOT_KEPT | backups.daily
          every: 1d             | at: '0 2 * * 1-5'      | RECOVERY_POINT_NOT_KEPT | backups.daily
          keep: 7d              | keep: 23h              | KEPT_TOO_SHORT          | backups.daily.keep
          off-site: true        | off-site: false        | NO_OFF_SITE_BACKUP      | environments.production
          kind: logical         | kind: configuration, plain: true | NO_BACKUP     | environments.production
          kind: logical         | kind: system           | SECRETS_UNENCRYPTED     | backups.daily.to
          """)
  void aContradictionIsFoundAtItsPlace(String piece, String replacement, Rule rule, String path) {
    assertFound(PLAN.replace(piece, replacement), rule, path);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          every: 1d             | at: '0 2 * * *'
          keep: 7d              | keep: { within: 6h, daily: 7 }
          keep: 7d              | keep: 24h
          kind: logical         | kind: system, plain: true
          recovery-time: 4h     | availability: 99.9%
          recovery-time: 4h     | recovery-time: 43m, availability: 99.9%
          """)
  void whatHoldsTogetherIsNotFound(String piece, String replacement) {
    assertThat(findings(PLAN.replace(piece, replacement))).isEmpty();
  }

  @Test
  void aStreamedLogKeepsARecoveryPointThatItsPhysicalBackupsDoNot() {
    String streamed =
        PLAN.replace("recovery-point: 1 day", "recovery-point: 1m")
            .replace("kind: logical", "kind: physical")
            .replace("name: shop", "name: shop\n      wal: { to: [local] }");

    assertThat(findings(streamed)).isEmpty();
    assertFound(
        streamed.replace("kind: physical", "kind: logical"), // nothing that the log continues
        Rule.RECOVERY_POINT_NOT_KEPT,
        "backups.daily");
    assertFound(
        streamed.replace("[local] }\n      user", "[local], max-lag: 2m }\n      user"),
        Rule.RECOVERY_POINT_NOT_KEPT,
        "backups.daily");
  }

  @Test
  void aFourHourOutageIsNinetyNinePointFourFourPercentOfAMonth() {
    List<PlanFinding> findings =
        findings(PLAN.replace("recovery-time: 4h", "recovery-time: 4h, availability: 99.9%"));

    assertThat(findings)
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.rule()).isEqualTo(Rule.AVAILABILITY_NOT_KEPT);
              assertThat(finding.path()).isEqualTo("objectives.availability");
              assertThat(finding.message()).contains("99.9%", "43m 12s", "4h", "99.44%");
            });
  }

  @Test
  void theSameFolderTwiceIsNoCopy() {
    assertFound(
        PLAN.replace("to: [local]", "to: [local, usb]")
            .replace("storages:\n", "storages:\n  usb: { directory: /var/../var/backups }\n"),
        Rule.SAME_FOLDER,
        "backups.daily.to");
  }

  @Test
  void whatIsNeverRehearsedIsFound() {
    assertFound(
        PLAN.substring(0, PLAN.indexOf("drills:")), Rule.NO_DRILL, "environments.production");
  }

  @Test
  void aDestructiveDrillOfAProtectedEnvironmentIsFound() {
    assertFound(
        PLAN.replace("kind: restore", "kind: disaster"), Rule.DRILL_REFUSED, "drills.restore");
  }

  @Test
  void aProductionThatIsNotProtectedIsFound() {
    assertFound(
        PLAN.replace("site: primary\n", "site: primary\n    protected: false\n"),
        Rule.PRODUCTION_NOT_PROTECTED,
        "environments.production.protected");
  }

  @Test
  void whatHasNothingToLoseNeedsNoBackup() {
    assertThat(findings(environment("operations", "    site: primary\n"))).isEmpty();
    assertFound(
        environment("operations", "    site: primary\n    configuration: [/etc/x]\n"),
        Rule.NO_BACKUP,
        "environments.operations");
  }

  @Test
  void aSiteThatTwoEnvironmentsClaimIsFound() {
    String proxy = "    proxy: { caddyfile: %s, sites: [%s] }\n";
    String production =
        PLAN.replace("    compose:", proxy.formatted("/etc/C", "app.net") + "    compose:");
    String staging = "  staging:\n    site: primary\n";

    assertFound(
        production.replace(
            "storages:\n", staging + proxy.formatted("/etc/C", "b.net, app.net") + "storages:\n"),
        Rule.SAME_PROXY_SITE,
        "environments.staging.proxy.sites");
    assertThat(
            findings(
                production.replace(
                    "storages:\n", staging + proxy.formatted("/etc/D", "app.net") + "storages:\n")))
        .isEmpty();
  }

  @Test
  void twoEnvironmentsThatAreOneAreFound() {
    assertFound(
        environment(
            "staging",
            "    site: primary\n    compose: { project: shop, directory: /srv/other }\n"),
        Rule.SAME_COMPOSE_PROJECT,
        "environments.production.compose.project");
    assertThat(
            findings(
                environment("staging", "    site: primary\n" + SERVER_ELSEWHERE)
                    .replaceAll("(?s)    compose: .*(?=storages:)", SERVER_ELSEWHERE)))
        .extracting(PlanFinding::rule)
        .contains(Rule.SAME_DATABASE);
  }

  @Test
  void aRecoveryPlanThatPromisesMoreThanThereIsIsFound() {
    assertFound(
        PLAN + "recovery-plans:\n  database: { objectives: { recovery-point: 5m } }\n",
        Rule.RECOVERY_PLAN_POINT_NOT_KEPT,
        "recovery-plans.database.objectives.recovery-point");
    assertFound(
        PLAN + "recovery-plans:\n  rebuild: { objectives: { recovery-time: 8h } }\n",
        Rule.RECOVERY_PLAN_TOO_SLOW,
        "recovery-plans.rebuild.objectives.recovery-time");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          { next: 2026-11-21 }                      | true
          { next: 2026-11-22 }                      | false
          { last: 2026-05-21, every: 6 months }     | true
          { last: 2026-05-22, every: 6 months }     | false
          { last: 2026-11-01, next: 2027-11-01, every: 1 week } | true
          { every: 6 months }                       | false
          """)
  void aReviewThatIsOverdueIsFound(String review, boolean overdue) {
    assertThat(findings(PLAN + "review: " + review + "\n"))
        .extracting(PlanFinding::rule)
        .isEqualTo(overdue ? List.of(Rule.REVIEW_OVERDUE) : List.of());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          expires: 2026-11-21                       | true
          expires: 2026-11-22                       | false
          issued: 2026-08-23, valid-for: 90d        | true
          issued: 2026-08-24, valid-for: 90d        | false
          valid-for: 90d                            | false
          """)
  void aCertificatePastItsLastDayIsFound(String validity, boolean expired) {
    String text =
        PLAN.replace(
            "site: primary\n",
            "site: primary\n    certificates: [{ name: shop.example, %s }]\n".formatted(validity));

    assertThat(findings(text))
        .extracting(PlanFinding::path)
        .isEqualTo(expired ? List.of("environments.production.certificates[0]") : List.of());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [À DÉFINIR]        | true
          [TO BE DEFINED]    | true
          +33 X XX XX XX XX  | true
          TODO               | true
          Anne Martin        | false
          +33 1 23 45 67 89  | false
          Max [backup]       | false
          """)
  void whatWasNeverFilledInIsFound(String text, boolean placeholder) {
    String contact = "contacts:\n  lead: { role: lead, name: x, phone: '%s' }\n";

    assertThat(findings(PLAN + contact.formatted(text)))
        .extracting(PlanFinding::path)
        .isEqualTo(placeholder ? List.of("contacts.lead.phone") : List.of());
  }

  @Test
  void aContactThatCannotBeReachedIsFound() {
    assertFound(
        PLAN + "contacts:\n  lead: { role: lead }\n",
        Rule.CONTACT_WITHOUT_ADDRESS,
        "contacts.lead");
  }

  @Test
  void aPlanMadeInCodeHasNoLines() {
    ContingencyPlan plan =
        PlanText.load(PLAN.replace("off-site: true", "off-site: false")).orThrow();

    assertThat(PlanLint.check(plan, CLOCK))
        .singleElement()
        .satisfies(finding -> assertThat(finding.line()).isEmpty());
  }

  @Test
  void aPlanWithErrorsHasNoFindings() {
    assertThat(PlanLint.check(PlanText.load("format: 1\n"), CLOCK)).isEmpty();
  }

  @Test
  void findingsAreInTheLanguageOfThePlan() {
    String unreviewed = PLAN + "review: { next: 2026-11-21 }\n";

    assertThat(findings(unreviewed).get(0).message())
        .isEqualTo("the review of this plan was due on 2026-11-21.");
    assertThat(findings("language: fr\n" + unreviewed).get(0).message())
        .isEqualTo("ce plan devait être révisé avant le 2026-11-21.");
  }

  @ParameterizedTest
  @EnumSource(Rule.class)
  void everyRuleHasAMessageWithTheSameDetailsInBothLanguages(Rule rule) {
    assertThat(details(Language.FR, rule)).isEqualTo(details(Language.EN, rule));
  }

  private static List<String> details(Language language, Rule rule) {
    ResourceBundle messages = language.texts(PlanLint.class, "findings");
    assertThat(messages.keySet()).contains(rule.id());
    return Pattern.compile("%\\d\\$s")
        .matcher(messages.getString(rule.id()))
        .results()
        .map(MatchResult::group)
        .sorted()
        .toList();
  }
}
