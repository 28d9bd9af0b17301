package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lets nothing be destroyed that was not named: by an option, or by a person who types it. */
final class Confirmation {
  private final Console console;
  private final @Nullable String option;

  /**
   * @param option what {@code --confirm} said
   */
  Confirmation(Console console, @Nullable String option) {
    this.console = console;
    this.option = option;
  }

  /**
   * What was confirmed: the option, else what a person types after reading the question; empty
   * where nobody can be asked.
   */
  String of(List<String> explanation, String name) {
    if (option != null) {
      return option;
    }
    if (!console.terminals().in() || !console.terminals().err()) {
      return "";
    }
    explanation.forEach(console::note);
    return console
        .ask("Type %s to go on, anything else to stop: ".formatted(Format.printable(name)))
        .orElse("");
  }

  /** The same, for callers that go on only when the name was confirmed; else REFUSED. */
  void require(List<String> explanation, String name) {
    String confirmed = of(explanation, name);
    if (!confirmed.equals(name)) {
      throw new RecoveryException(
          ErrorCode.REFUSED,
          "%s That needs a confirmation, and %s"
              .formatted(
                  String.join(" ", explanation),
                  confirmed.isEmpty()
                      ? "nothing was confirmed"
                      : "confirmed was " + Format.quote(confirmed)),
          "nothing was touched. If that is what you want, add --confirm %s."
              .formatted(Format.quote(name)));
    }
  }
}
