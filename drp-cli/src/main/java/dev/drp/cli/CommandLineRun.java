package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.ExitStatus;
import dev.drp.RecoveryException;
import dev.drp.plan.Nearest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** One run of the command line: reads the arguments, runs the command, says what went wrong. */
final class CommandLineRun {
  /** The command that always connects to another machine. */
  private static final String CONNECTING = "sync";

  private final Context context;

  CommandLineRun(Context context) {
    this.context = context;
  }

  /** Returns the exit code. */
  int execute(String... arguments) {
    boolean json = wantsJson(arguments);
    boolean debug = Arrays.asList(arguments).contains("--debug");
    int code;
    try {
      code = execute(json, debug, arguments);
    } catch (RuntimeException | Error e) { // what no command's handler gets to see
      code = fail(e, json, debug);
    }
    context.console().flush();
    return code;
  }

  private int execute(boolean json, boolean debug, String[] arguments) {
    Console console = context.console();
    if (Arrays.asList(arguments).contains(CONNECTING)) {
      prepareConnections(); // while the arguments and the plan are read
    }
    CommandLine line = Drp.commandLine(context, arguments);
    line.setOut(console.resultWriter());
    line.setErr(console.noteWriter());
    line.setParameterExceptionHandler((e, raw) -> fail(usageError(e), json, debug));
    line.setExecutionExceptionHandler((e, command, parsed) -> fail(e, json, debug));
    return line.execute(arguments);
  }

  /** What connecting begins with, whatever the arguments and the plan say. */
  private void prepareConnections() {
    try (Adapters adapters = context.adapters().get()) {
      adapters.prepareConnections();
    }
  }

  /** Asked of the raw arguments, so that an error in them can be told as JSON too. */
  private static boolean wantsJson(String[] arguments) {
    String all = String.join("\0", arguments).toLowerCase(Locale.ROOT);
    return all.contains("--output=json") || all.contains("--output\0json");
  }

  private static RecoveryException usageError(ParameterException e) {
    CommandLine command = e.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    String seeHelp = "`%s --help` shows what there is.".formatted(name);
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      String word = unmatched.getUnmatched().get(0);
      return new RecoveryException(
          ErrorCode.USAGE,
          "%s has no %s %s"
              .formatted(name, word.startsWith("-") ? "option" : what(command), Format.quote(word)),
          Nearest.to(word, known(command, word)).map("did you mean %s? "::formatted).orElse("")
              + seeHelp);
    }
    String message = String.valueOf(e.getMessage()).replaceFirst("^Error: ", "");
    return new RecoveryException(
        ErrorCode.USAGE,
        "%s: %s"
            .formatted(
                name, message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1)),
        seeHelp);
  }

  private static String what(CommandLine command) {
    return command.getSubcommands().isEmpty() ? "argument" : "command";
  }

  private static Collection<String> known(CommandLine command, String word) {
    return word.startsWith("-")
        ? command.getCommandSpec().options().stream().map(OptionSpec::longestName).toList()
        : Drp.names(command.getCommandSpec());
  }

  private int fail(Throwable thrown, boolean json, boolean debug) {
    if (debug) {
      StringWriter trace = new StringWriter();
      thrown.printStackTrace(new PrintWriter(trace, true));
      trace.toString().lines().map(it -> it.replace("\t", "    ")).forEach(context.console()::note);
    }
    Failure failure = Failure.of(thrown);
    if (json) {
      context.console().text(failure.json().toString());
    } else {
      failure.lines().forEach(context.console()::note);
    }
    return failure.status().code();
  }

  /** What a failure looks like from outside. */
  private record Failure(String code, String problem, String hint, ExitStatus status) {
    static Failure of(Throwable thrown) {
      if (thrown instanceof RecoveryException known) {
        return new Failure(
            known.code().name(), known.problem(), known.hint(), known.code().exitStatus());
      }
      return new Failure(
          "INTERNAL",
          "unexpected %s: %s".formatted(thrown.getClass().getSimpleName(), thrown.getMessage()),
          "this is a defect of drp: run the same with --debug, and report what it prints.",
          ExitStatus.FAILED);
    }

    Json json() {
      return Json.object()
          .put("error", Json.object().put("code", code).put("problem", problem).put("hint", hint));
    }

    List<String> lines() {
      return "error: %s\nHINT: %s".formatted(problem, hint).lines().toList();
    }
  }
}
