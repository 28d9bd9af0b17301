package dev.drp.cli;

import dev.drp.ExitStatus;
import dev.drp.assessment.DiagnoseEnvironment;
import dev.drp.assessment.Diagnosis;
import dev.drp.assessment.Reading;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code drp diagnose}. */
@Command(
    name = "diagnose",
    description = {
      "Look at everything that an environment is made of: this machine, ports and names,"
          + " containers, the database, logs.",
      "It changes nothing, shows no secrets, and ends within ten seconds whatever does not answer.",
      "Exit code 1 when something is bad, or could not be told."
    })
final class DiagnoseCommand extends DrpCommand {
  @Parameters(
      index = "0",
      paramLabel = "ENVIRONMENT",
      description = "Name of the environment in the plan.")
  private String environment = "";

  @Mixin private PatienceOption patience = new PatienceOption();

  @Override
  ExitStatus run(Session session) {
    Diagnosis diagnosis =
        new DiagnoseEnvironment(
                session.plan(), session.surroundings(), patience.limits(), session.clock())
            .diagnose(environment);
    session.print(() -> json(diagnosis), out -> print(diagnosis, out));
    return diagnosis.exitStatus();
  }

  private static Json json(Diagnosis diagnosis) {
    return Json.object()
        .put("environment", diagnosis.environment())
        .put("at", diagnosis.at())
        .put("tookSeconds", diagnosis.took())
        .put("well", diagnosis.exitStatus() == ExitStatus.OK)
        .put("readings", diagnosis.readings().stream().map(DiagnoseCommand::json).toList());
  }

  static Json json(Reading reading) {
    return Json.object()
        .put("section", reading.section())
        .put("subject", reading.subject())
        .put("value", reading.value())
        .put("limit", reading.limit().isEmpty() ? null : reading.limit())
        .put("state", reading.state())
        .put("hint", reading.hint().isEmpty() ? null : reading.hint())
        .put("lines", reading.lines());
  }

  private static void print(Diagnosis diagnosis, Console out) {
    out.line(
        "%s at %s: %s"
            .formatted(
                out.bold(diagnosis.environment()),
                Format.instant(diagnosis.at(), out.zone()),
                verdict(diagnosis, out)));
    for (Reading.Section section : Reading.Section.values()) {
      print(diagnosis, section, out);
    }
  }

  private static String verdict(Diagnosis diagnosis, Console out) {
    long bad = count(diagnosis, Reading.State.BAD);
    long unknown = count(diagnosis, Reading.State.UNKNOWN);
    if (bad + unknown == 0) {
      return out.good("all is well");
    }
    return out.bad(
        "%s, %s"
            .formatted(
                Format.count(bad, "thing is bad", "things are bad"),
                Format.count(unknown, "could not be told", "could not be told")));
  }

  private static long count(Diagnosis diagnosis, Reading.State state) {
    return diagnosis.readings().stream().filter(it -> it.state() == state).count();
  }

  private static void print(Diagnosis diagnosis, Reading.Section section, Console out) {
    Table table = Table.of("", "", "", "");
    for (Reading reading : diagnosis.readings()) {
      if (reading.section() == section) {
        table.row("", state(reading.state(), out), reading.subject(), value(reading, out));
        reading.lines().forEach(line -> table.row("", "", "", out.dim("| " + line)));
      }
    }
    if (!table.lines().isEmpty()) {
      out.line();
      out.line(out.bold(Format.word(section)));
      table.lines().forEach(out::line);
    }
  }

  private static String state(Reading.State state, Console out) {
    return switch (state) {
      case GOOD -> out.good("good");
      case BAD -> out.bad("BAD");
      case UNKNOWN -> out.warning("not known");
    };
  }

  private static String value(Reading reading, Console out) {
    String limit =
        Optional.of(reading.limit())
            .filter(it -> !it.isEmpty())
            .map(it -> " (" + it + ")")
            .orElse("");
    String hint = reading.hint().isEmpty() ? "" : out.dim("  " + reading.hint());
    return reading.value() + limit + hint;
  }
}
