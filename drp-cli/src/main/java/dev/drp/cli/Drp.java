package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code drp} itself: what all commands have in common. */
@Command(
    name = "drp",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = Drp.Version.class,
    description = "A disaster-recovery plan that is checked, executed, drilled and measured.",
    synopsisSubcommandLabel = "COMMAND",
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n",
    parameterListHeading = "%nArguments:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "  0:ok",
      "  1:failed, also inconclusive",
      "  2:wrong usage or an invalid plan",
      "  3:partly failed",
      "  4:everything worked, but an objective is missed",
      "  5:locked by another run",
      "  6:refused for safety",
      "  7:paused, or waiting for an approval",
      "130:interrupted"
    },
    usageHelpWidth = 100,
    sortOptions = false)
final class Drp implements Runnable {
  private static final Set<String> HELP = Set.of("help", "-h", "--help");

  private final Context context;

  @Option(
      names = "--plan",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "The plan file; ./drp.yaml unless given.")
  private Path planFile = Path.of("drp.yaml");

  @Option(
      names = "--state",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description = "The state directory; /var/lib/drp for root, else drp in the XDG state folder.")
  private @Nullable Path stateDirectory;

  @Option(
      names = "--identity",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "File with an identity of age, to read what is encrypted; may be repeated. Else the one"
              + " that $DRP_IDENTITY_FILE names.")
  private List<Path> identities = new ArrayList<>();

  @Option(
      names = "--output",
      paramLabel = "FORMAT",
      scope = ScopeType.INHERIT,
      description = "text or json.")
  private OutputFormat output = OutputFormat.TEXT;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "No progress.")
  private boolean quiet;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "Log what is done, on standard error.")
  private boolean verbose;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Log everything, and show stack traces.")
  private boolean debug;

  @Spec private CommandSpec spec;

  Drp(Context context) {
    this.context = context;
  }

  /** How results are printed. */
  enum OutputFormat {
    TEXT,
    JSON
  }

  /** Every command by its name, in the order of the help. */
  static Map<String, Class<?>> commands() {
    Map<String, Class<?>> commands = new LinkedHashMap<>();
    commands.put("plan", PlanCommand.class);
    commands.put("backup", BackupCommand.class);
    commands.put("backups", BackupsCommand.class);
    commands.put("wal", WalCommand.class);
    commands.put("sync", SyncCommand.class);
    commands.put("pull", PullCommand.class);
    commands.put("proxy", ProxyCommand.class);
    commands.put("recover", RecoverCommand.class);
    commands.put("rebuild", RebuildCommand.class);
    commands.put("approve", PeopleCommands.Approve.class);
    commands.put("abort", PeopleCommands.Abort.class);
    commands.put("restore", RestoreCommand.class);
    commands.put("restore-configuration", RestoreConfigurationCommand.class);
    commands.put("restore-undo", RestoreCommand.Undo.class);
    commands.put("restore-commit", RestoreCommand.Commit.class);
    commands.put("drill", DrillCommand.class);
    commands.put("executions", ExecutionsCommand.class);
    commands.put("resume", ResumeCommand.class);
    commands.put("status", StatusCommand.class);
    commands.put("diagnose", DiagnoseCommand.class);
    commands.put("assess", AssessCommand.class);
    commands.put("kit", KitCommand.class);
    commands.put("demo", DemoCommand.class);
    commands.put("help", CommandLine.HelpCommand.class);
    return commands;
  }

  /**
   * The commands as far as these arguments can mean them: taking all of them apart takes longer
   * than most of them run.
   */
  static CommandLine commandLine(Context context, String... arguments) {
    List<String> words = Arrays.asList(arguments);
    Map<String, Class<?>> commands = commands();
    if (words.stream().noneMatch(HELP::contains)
        && words.stream().anyMatch(commands.keySet()::contains)) {
      commands.keySet().retainAll(words);
    }
    CommandLine line = new CommandLine(new Drp(context));
    commands.forEach(line::addSubcommand);
    return line.setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public void run() {
    throw noCommand(spec);
  }

  /** For a command that only groups others. */
  static RecoveryException noCommand(CommandSpec group) {
    return new RecoveryException(
        ErrorCode.USAGE,
        "which command of `%s`?".formatted(group.qualifiedName()),
        "there are: %s.".formatted(String.join(", ", names(group))));
  }

  /** All commands of a command. */
  static Set<String> names(CommandSpec group) {
    return group.parent() == null ? commands().keySet() : group.subcommands().keySet();
  }

  /** What a command works with, by these options. */
  Session open() {
    Logging.use(
        debug
            ? Logging.Verbosity.DEBUG
            : verbose ? Logging.Verbosity.VERBOSE : Logging.Verbosity.QUIET,
        context.console()::note);
    return new Session(context, planFile, stateDirectory, output, quiet, identities);
  }

  /** Says which version this is. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"drp " + number()};
    }

    static String number() {
      String version = Main.class.getPackage().getImplementationVersion();
      return version == null ? "development" : version.toLowerCase(Locale.ROOT);
    }
  }
}
