package dev.drp.cli;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.assessment.Surroundings;
import dev.drp.assessment.ThisMachine;
import dev.drp.backup.BackupCatalog;
import dev.drp.backup.BackupReader;
import dev.drp.backup.Coding;
import dev.drp.backup.Decoding;
import dev.drp.backup.LocalCatalog;
import dev.drp.files.FilePlaces;
import dev.drp.plan.ContingencyPlan;
import dev.drp.plan.LoadedPlan;
import dev.drp.plan.PlanFinding;
import dev.drp.plan.PlanLint;
import dev.drp.plan.PlanLoader;
import dev.drp.plan.Storage;
import dev.drp.recovery.Executions;
import dev.drp.report.ExecutionReports;
import dev.drp.state.StateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a command works with. Everything is opened when it is first asked for. */
final class Session implements AutoCloseable {
  /** Names the file of an identity where no option does. */
  static final String IDENTITY = "DRP_IDENTITY_FILE";

  private final Context context;
  private final Path planFile;
  private @Nullable Path stateDirectory;
  private final Drp.OutputFormat output;
  private final boolean quiet;
  private final List<Path> identities;
  private @Nullable LoadedPlan loaded;
  private @Nullable StateDirectory state;
  private @Nullable ConsoleProgress progress;
  private @Nullable Adapters adapters;

  Session(
      Context context,
      Path planFile,
      @Nullable Path stateDirectory,
      Drp.OutputFormat output,
      boolean quiet,
      List<Path> identities) {
    this.context = context;
    this.planFile = planFile;
    this.stateDirectory = stateDirectory;
    this.output = output;
    this.quiet = quiet;
    this.identities = List.copyOf(identities);
  }

  /** What came of reading the plan file, with what is wrong with it. */
  LoadedPlan loadedPlan() {
    LoadedPlan known = loaded;
    if (known == null) {
      known = PlanLoader.load(planFile);
      loaded = known;
    }
    return known;
  }

  /** The plan; PLAN_INVALID, with everything that is wrong with it, when it has errors. */
  ContingencyPlan plan() {
    return loadedPlan().orThrow();
  }

  /** What the plan contradicts by itself. */
  List<PlanFinding> planFindings() {
    return PlanLint.check(loadedPlan(), context.clock());
  }

  Adapters adapters() {
    Adapters known = adapters;
    if (known == null) {
      known = context.adapters().get();
      adapters = known;
    }
    return known;
  }

  /** How what is stored is compressed, and encrypted where the plan names recipients. */
  Coding coding() {
    List<String> recipients = plan().encryption().publicKeys();
    return new Coding(
        adapters().compression(),
        recipients.isEmpty() ? Optional.empty() : Optional.of(adapters().encryption(recipients)));
  }

  /** What undoes that, with the identities that were given. */
  Decoding decoding() {
    return new Decoding(adapters().compression(), List.of(adapters().decryption(identities())));
  }

  /** Reads backups, with the identities that were given. */
  BackupReader reader() {
    Decoding decoding = decoding();
    return new BackupReader(List.of(decoding.compression()), decoding.decryptions());
  }

  private List<Path> identities() {
    String named = context.environment().getOrDefault(IDENTITY, "");
    return !identities.isEmpty() || named.isEmpty() ? identities : List.of(Path.of(named));
  }

  /** Where the files of the plan's environments are. */
  FilePlaces places() {
    List<Path> without = new ArrayList<>(List.of(state().root().toAbsolutePath().normalize()));
    for (Storage storage : plan().storages().values()) {
      if (storage instanceof Storage.Directory directory) {
        without.add(directory.directory().toAbsolutePath().normalize());
      }
    }
    return new FilePlaces(adapters().programs(), adapters()::engine, without);
  }

  /** What an assessment asks. */
  Surroundings surroundings() {
    Adapters of = adapters();
    return new Surroundings(
        ThisMachine.local(),
        of::engine,
        of::composeProjects,
        environment -> of.databases().connect(environment),
        of.httpProbe(),
        of.nameResolver(),
        of::proxies);
  }

  Storages storages() {
    return new Storages(plan(), adapters());
  }

  /** The backups in the storages of the plan. */
  BackupCatalog catalog() {
    return new BackupCatalog(plan().application(), storages().all());
  }

  /** This machine's copy of the catalog. */
  LocalCatalog localCatalog() {
    return new LocalCatalog(catalog(), state(), clock());
  }

  Executions executions() {
    return new Executions(state());
  }

  /** Reports of executions, in the plan's language. */
  ExecutionReports reports() {
    return new ExecutionReports(state(), plan().language());
  }

  Clock clock() {
    return context.clock();
  }

  Instant now() {
    return context.clock().instant();
  }

  /** Remembers between runs; created when it is missing. */
  StateDirectory state() {
    StateDirectory known = state;
    if (known == null) {
      Path path =
          stateDirectory == null
              ? StateDirectory.defaultPath(context.environment())
              : stateDirectory;
      known = StateDirectory.open(path, context.clock());
      state = known;
    }
    return known;
  }

  /**
   * Remembers nothing from before, whatever this machine knows: from now on the state directory is
   * a new one, or the one that was named if it is empty. It stays, as it holds journal and report.
   *
   * @throws RecoveryException with USAGE when the one that was named is not empty
   */
  void isolate() {
    if (state != null) {
      throw new IllegalStateException("the state directory is in use");
    }
    try {
      if (stateDirectory == null) {
        stateDirectory = Files.createTempDirectory("drp-isolated-");
      } else if (Files.exists(stateDirectory) && !isEmpty(stateDirectory)) {
        throw new RecoveryException(
            ErrorCode.USAGE,
            "the state directory %s is not empty: what is there must not help"
                .formatted(stateDirectory),
            "leave --state out, or name a folder that is empty or missing.");
      }
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.LOCAL_FILE,
          "cannot use a state directory of its own: %s".formatted(e),
          "name an empty folder: --state DIR.",
          e);
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  /** Shows long work; the same for the whole command. */
  Progress progress() {
    if (quiet) {
      return Progress.SILENT;
    }
    ConsoleProgress known = progress;
    if (known == null) {
      known = new ConsoleProgress(console());
      progress = known;
    }
    return known;
  }

  Console console() {
    return context.console();
  }

  /** Prints the result of a command in the format that was asked for. */
  void print(Supplier<Json> json, Consumer<Console> text) {
    printJson(() -> json.get().toString(), text);
  }

  /** The same for JSON that is text already. */
  void printJson(Supplier<String> json, Consumer<Console> text) {
    switch (output) {
      case JSON -> console().text(json.get());
      case TEXT -> text.accept(console());
    }
  }

  @Override
  public void close() {
    if (progress != null) {
      progress.close();
    }
    if (adapters != null) {
      adapters.close();
    }
  }
}
