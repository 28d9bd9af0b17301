package dev.drp.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ExitStatus;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CommandLineTest {
  private final TestConsole test = TestConsole.plain();

  private int drp(String... arguments) {
    Clock clock = Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);
    return new CommandLineRun(context(clock)).execute(arguments);
  }

  private Context context(Clock clock) {
    return new Context(
        test.console(),
        clock,
        Map.of(),
        () -> {
          throw new AssertionError("nothing here needs an adapter");
        });
  }

  @Test
  void suggestsTheCommandThatWasProbablyMeant() {
    assertThat(drp("hlep")).isEqualTo(2);
    assertThat(test.err())
        .isEqualTo(
            """
            error: drp has no command 'hlep'
            HINT: did you mean help? `drp --help` shows what there is.
            """);
    assertThat(test.out()).isEmpty();
  }

  @Test
  void suggestsTheOptionThatWasProbablyMeant() {
    assertThat(drp("--outptu", "json")).isEqualTo(2);
    assertThat(test.err()).contains("drp has no option '--outptu'").contains("mean --output?");
  }

  @Test
  void tellsErrorsAsJsonOnStandardOutputWhenJsonWasAskedFor() {
    assertThat(drp("--output", "json", "hlep")).isEqualTo(2);
    assertThat(test.out())
        .isEqualTo(
            """
            {
              "error": {
                "code": "USAGE",
                "problem": "drp has no command 'hlep'",
                "hint": "did you mean help? `drp --help` shows what there is."
              }
            }
            """);
    assertThat(test.err()).isEmpty();
  }

  @Test
  void saysWhatIsMissingOnce() {
    assertThat(drp("rebuild")).isEqualTo(2);
    assertThat(test.err())
        .startsWith("error: drp rebuild: missing required argument")
        .doesNotContain("rebuild: error");
  }

  @Test
  void asksForACommandWhereNoneIsGiven() {
    assertThat(drp()).isEqualTo(2);
    assertThat(test.err()).contains("which command of `drp`?");
  }

  @Test
  void documentsEveryExitCodeInTheHelp() {
    assertThat(drp("--help")).isZero();
    Arrays.stream(ExitStatus.values())
        .forEach(
            status -> assertThat(test.out()).containsPattern("(?m)^ +" + status.code() + "   \\S"));
  }

  @Test
  void knowsAllCommandsWhateverWordsAreAmongTheArguments() {
    assertThat(drp("restor", "status")).isEqualTo(2);
    assertThat(test.err()).contains("did you mean restore?");
    assertThat(drp("--help", "status")).isZero();
    assertThat(test.out()).contains("resume", "backups");
  }

  @Test
  void everyCommandIsListedByItsName() {
    Drp.commands()
        .forEach(
            (name, command) ->
                assertThat(command.getAnnotation(CommandLine.Command.class).name())
                    .isEqualTo(name));
  }

  @Test
  void everyCommandHasAHelpWithTheGlobalOptions() {
    CommandLine all = Drp.commandLine(context(Clock.systemUTC()));
    assertEveryHelp(all);
  }

  private static void assertEveryHelp(CommandLine command) {
    if (!command.getCommandName().equals("help")) {
      assertThat(command.getUsageMessage())
          .as(command.getCommandName())
          .contains("--plan=FILE", "--state=DIR", "--output=FORMAT", "Exit codes:");
    }
    assertThat(command.getCommandSpec().usageMessage().description())
        .as(command.getCommandName())
        .isNotEmpty();
    command.getSubcommands().values().forEach(CommandLineTest::assertEveryHelp);
  }
}
