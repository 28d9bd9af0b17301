import dev.drp.Progress;
import dev.drp.plan.BackupKind;
import dev.drp.backup.*;
import dev.drp.docker.DockerContainerRuntime;
import dev.drp.plan.*;
import dev.drp.postgres.*;
import dev.drp.procedure.*;
import dev.drp.recovery.*;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.state.StateDirectory;
import dev.drp.transfer.*;
import java.nio.file.Path;
import java.time.Clock;
import java.util.*;

/** Backs up database shop and rehearses its restore: java Embedding PORT FOLDER, its password in SHOP_PASSWORD. */
public class Embedding {
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[1]);
    var database = DatabaseSettings.builder("shop", "postgres").host("127.0.0.1", Integer.parseInt(arguments[0]))
        .password(new SecretReference.Variable("SHOP_PASSWORD")).build();
    var plan = ContingencyPlan.builder("Shop").site(Site.local("primary"))
        .environment(Environment.builder("production", "primary").database(database).build()).build();
    var clock = Clock.systemUTC();
    var state = StateDirectory.open(folder.resolve("state"), clock);
    var storage = new NamedStorage("local", false, true, new DirectoryStorage(folder.resolve("backups")));
    var connector = new PostgresConnector(() -> DockerContainerRuntime.of(System.getenv()), new LocalCommandRunner(), clock);
    var sandboxes = new PostgresSandboxes(() -> DockerContainerRuntime.of(System.getenv()), new LocalCommandRunner(), clock);
    var backup = new TakeBackup(connector, Coding.plain(new ZstdCompression()), state, clock, Progress.SILENT, "1.0").take(
        new BackupRequest("Shop", plan.environment("production"), BackupKind.LOGICAL, Optional.empty(), List.of(storage), false));
    var catalog = new BackupCatalog("Shop", List.of(storage));
    var executions = new Executions(state);
    var drill = new DrillRestore(plan, sandboxes, catalog, new LocalCatalog(catalog, state, clock),
        new BackupReader(List.of(new ZstdCompression())), executions, clock).plan("production", DrillRequest.NEWEST);
    var execution = new RecoveryEngine(executions, clock).execute(drill, Mode.DRILL, ExecutionListener.SILENT);
    System.out.println(backup.manifest().totalRows() + " rows, drill " + DrillResult.of(execution).outcome());
  }
}
