package dev.drp.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.Progress;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupFixture;
import dev.drp.backup.BackupId;
import dev.drp.backup.BackupState;
import dev.drp.backup.BackupStorage;
import dev.drp.backup.Compression;
import dev.drp.backup.Decryption;
import dev.drp.backup.Encryption;
import dev.drp.backup.FakeServerFiles;
import dev.drp.backup.GzipCompression;
import dev.drp.database.DataDirectories;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseSandboxes;
import dev.drp.database.DatabaseServer;
import dev.drp.database.DatabaseSummary;
import dev.drp.database.FakeDataDirectory;
import dev.drp.database.FakeDatabaseSandboxes;
import dev.drp.database.Lsn;
import dev.drp.plan.Environment;
import dev.drp.plan.Storage;
import dev.drp.plan.SyncedFolder;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.NameResolver;
import dev.drp.proxy.FakeProxyServer;
import dev.drp.proxy.ReverseProxies;
import dev.drp.proxy.Upstream;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ComposeConfiguration;
import dev.drp.runtime.ComposeProjects;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.FakeComposeProject;
import dev.drp.runtime.FakeContainerRuntime;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.state.EnvironmentState;
import dev.drp.state.StateLock;
import dev.drp.sync.FileSync;
import dev.drp.sync.SyncChange;
import dev.drp.sync.SyncProblem;
import dev.drp.sync.SyncReport;
import dev.drp.sync.SyncRequest;
import dev.drp.transfer.AgeDecryption;
import dev.drp.wal.WalStatus;
import dev.drp.wal.WalStretch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands, with a database and storages in memory. */
class CommandsTest {
  private static final Pattern ID = Pattern.compile("\\d{8}T\\d{6}Z-[0-9a-f]{6}");
  private static final String PLAN =
      """
      format: 1
      application: Ask&Trust
      objectives: { recovery-time: 1h, recovery-point: 6h }
      sites:
        primary: { host: local }
      environments:
        production:
          site: primary
          database: { host: 127.0.0.1, name: shop, user: owner }
          compose: { project: shop, directory: /srv/shop }
          health: ['http://localhost:8000']
        website:
          site: primary
          proxy: { caddyfile: /etc/caddy/Caddyfile, sites: ['http://www.example.net'] }
      storages:
        local: { directory: /backup }
        standby: { sftp: backup@backup.example.net, path: /srv/backup, off-site: true }
      backups:
        every-6h: { environment: production, kind: logical, every: 6h, keep: 7d, to: [local] }
        files: { environment: website, kind: configuration, every: 1d, keep: 7d, to: [local] }
      synced-folders:
        uploads:
          { environment: website, folder: /srv/up, with: deploy@backup.example.net, path: /srv/up }
      recovery-plans:
        checklist:
          phases:
            - { name: all, steps: [{ name: look at it, within: 50ms }, { name: start, compose: up }] }
        together:
          phases:
            - { name: all, steps: [{ group: both, steps: [{ name: start, compose: up }, { name: breathe, wait: 1ms }] }] }
      """;

  @TempDir Path folder;

  private BackupFixture fixture;
  private FakeDatabaseSandboxes sandboxes;
  private FakeContainerRuntime engine;
  private final FakeFileSync fileSync = new FakeFileSync();
  private final FakeProxyServer proxy = new FakeProxyServer();
  private boolean connectionsPrepared;
  private TestConsole test = TestConsole.plain();

  @BeforeEach
  void aPlanAndADatabase() throws IOException {
    fixture = new BackupFixture(folder.resolve("state"));
    sandboxes = new FakeDatabaseSandboxes(fixture.clock);
    engine = new FakeContainerRuntime(folder.resolve("engine"));
    engine.addImage("backend", "sha256:backend");
    Files.writeString(folder.resolve("drp.yaml"), PLAN);
  }

  private FakeComposeProject project(String name) {
    return new FakeComposeProject(
        name,
        engine,
        new ComposeConfiguration(
            Map.of(
                "backend",
                new ComposeConfiguration.Service(
                    Optional.of("backend"), List.of(), List.of(), List.of(), List.of(), false)),
            Map.of()),
        Map.of());
  }

  /** Runs a command on a new console; its exit code. */
  private int drp(String... arguments) {
    test = TestConsole.plain();
    return drpHere(arguments);
  }

  private int drpHere(String... arguments) {
    String[] all = new String[arguments.length + 4];
    all[0] = "--plan";
    all[1] = folder.resolve("drp.yaml").toString();
    all[2] = "--state";
    all[3] = folder.resolve("state").toString();
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    return new CommandLineRun(
            new Context(test.console(), fixture.clock, Map.of(), () -> new InMemory()))
        .execute(all);
  }

  @Test
  void keepsAFolderIdenticalElsewhere() {
    assertThat(drp("sync", "website")).isZero();

    assertThat(test.out()).contains("uploads", "1 new", "1 deleted");
    assertThat(fileSync.last().bytesPerSecond()).isEmpty();
    assertThat(fileSync.last().deletions().confirmed()).isFalse();
  }

  @Test
  void tellsWhatASynchronisationWouldDo() {
    assertThat(drp("sync", "website", "--dry-run")).isZero();

    assertThat(test.out()).contains("would", "+ a", "- b");
    assertThat(fileSync.done).isFalse();
  }

  @Test
  void saysWhatWasNotSynchronised() {
    fileSync.problems = List.of(new SyncProblem(SyncProblem.Kind.CHANGED_MEANWHILE, "a"));

    assertThat(drp("sync", "website")).isEqualTo(3);
    assertThat(test.out()).contains("changed meanwhile: a");
  }

  @Test
  void deletesMuchOnlyWhenTheFolderIsNamed() {
    fileSync.refusing = true;

    assertThat(drp("sync", "website", "--dry-run")).isZero();
    assertThat(test.out()).contains("would be refused", "--folder uploads --confirm uploads");
    assertThat(drp("sync", "website")).isEqualTo(6);
    assertThat(test.out()).contains("--folder uploads --confirm uploads");
    assertThat(drp("sync", "website", "--confirm", "other")).isEqualTo(2);
    assertThat(drp("sync", "website", "--folder", "uploads", "--confirm", "uploads")).isZero();
    assertThat(fileSync.last().deletions().confirmed()).isTrue();
  }

  @Test
  void preparesConnectionsEvenBeforeItKnowsWhatThePlanSays() throws IOException {
    assertThat(drp("plan", "check")).isZero();
    assertThat(connectionsPrepared).isFalse();

    Files.writeString(folder.resolve("drp.yaml"), "format: 1");
    assertThat(drp("sync", "website")).isEqualTo(2);
    assertThat(connectionsPrepared).isTrue();
  }

  @Test
  void synchronisesAFolderOnceAtATime() {
    EnvironmentState state = fixture.state.environment("Ask&Trust", "website");
    try (StateLock held = state.lockSyncedFolder("uploads")) {
      assertThat(drp("sync", "website")).isEqualTo(5);
      assertThat(drp("sync", "website", "--dry-run")).isZero();
    }
    assertThat(fileSync.done).isFalse();
  }

  @Test
  void synchronisesOnlyWhatThePlanHas() {
    assertThat(drp("sync", "production")).isEqualTo(2);
    assertThat(drp("sync", "website", "--folder", "downloads")).isEqualTo(2);
    assertThat(test.err()).contains("uploads");
  }

  // --- the reverse proxy

  private void startProxy() {
    proxy.edit("www.example.net", 200, "shop");
    proxy.start();
  }

  @Test
  void showsAndEndsTheMaintenancePage() {
    startProxy();
    assertThat(drp("proxy", "maintenance", "on", "website")).as(test.err()).isZero();
    assertThat(test.out()).contains("changed www.example.net", "website is in maintenance");
    assertThat(proxy.visit("www.example.net")).startsWith("503");
    assertThat(drp("proxy", "maintenance", "on", "website")).isZero();
    assertThat(test.out()).contains("website is in maintenance; nothing had to change");
    assertThat(drp("proxy", "status", "website")).isZero();
    assertThat(test.out()).contains("in maintenance", "http://www.example.net", "503");

    assertThat(drp("proxy", "maintenance", "off", "website")).isZero();

    assertThat(test.out()).contains("website serves visitors");
    assertThat(proxy.visit("www.example.net")).isEqualTo("200 shop");
  }

  @Test
  void checksAndAppliesTheProxysFile() {
    startProxy();
    proxy.edit("www.example.net", 200, "new");
    assertThat(drp("proxy", "check", "website")).isZero();
    assertThat(test.out()).contains("changed www.example.net", "`drp proxy apply website`");
    assertThat(drp("proxy", "apply", "website", "--output", "json")).isZero();
    assertThat(test.out()).contains("\"kind\": \"CHANGED\"", "\"what\": \"www.example.net\"");
    assertThat(drp("proxy", "check", "website")).isZero();
    assertThat(test.out()).contains("valid, and what the server runs");

    proxy.edit("other.example.net", 200, "new");
    assertThat(drp("proxy", "apply", "website")).isEqualTo(6);
    assertThat(drp("proxy", "apply", "website", "--whole")).isZero();
    proxy.removeImport("www.example.net");
    assertThat(drp("proxy", "check", "website")).isEqualTo(1);
    assertThat(test.out()).contains("import drp.d/website.*");
  }

  @Test
  void sendsASiteElsewhere() {
    startProxy();
    proxy.upstream(Upstream.parse("127.0.0.1:8001"), 200, "standby");
    assertThat(drp("proxy", "route", "website", "www.example.net", "--to", "127.0.0.1:8001"))
        .as(test.err())
        .isZero();
    assertThat(proxy.visit("www.example.net")).isEqualTo("200 standby");
    assertThat(drp("proxy", "status", "website", "--output", "json")).isZero();
    assertThat(test.out()).contains("\"upstream\": \"127.0.0.1:8001\"", "\"maintenance\": false");

    assertThat(drp("proxy", "route", "website", "www.example.net", "--as-configured")).isZero();
    assertThat(proxy.visit("www.example.net")).isEqualTo("200 shop");
    assertThat(drp("proxy", "route", "website", "www.example.net")).isEqualTo(2);
    assertThat(drp("proxy", "route", "website", "www.example.net", "--to", "nowhere")).isEqualTo(2);
    assertThat(drp("proxy", "route", "website", "www.example.net", "--to", "127.0.0.1:9"))
        .isEqualTo(1);
    assertThat(test.err()).contains("502", "the previous configuration serves again");
  }

  @Test
  void restartsTheProxy() {
    startProxy();
    proxy.kill();
    assertThat(drp("proxy", "status", "website")).isEqualTo(1);
    assertThat(test.out()).contains("problem  the proxy is down");
    assertThat(drp("proxy", "maintenance", "on", "website")).isEqualTo(1);

    assertThat(drp("proxy", "restart", "website")).isZero();

    assertThat(test.out()).contains("restarted; the sites of website answer");
    assertThat(drp("proxy", "restart", "production")).isEqualTo(2);
    assertThat(test.err()).contains("environment production has no reverse proxy");
  }

  private static final class FakeFileSync implements FileSync {
    private List<SyncProblem> problems = List.of();
    private boolean refusing;
    private boolean done;
    private final List<SyncRequest> requests = new ArrayList<>();

    SyncRequest last() {
      return requests.get(requests.size() - 1);
    }

    @Override
    public SyncReport preview(SyncRequest request) {
      requests.add(request);
      return new SyncReport(
          "deploy@backup.example.net:/srv/up",
          2,
          10,
          List.of("tar"),
          List.of(
              new SyncChange(SyncChange.Kind.NEW, "a", 10),
              new SyncChange(SyncChange.Kind.DELETED, "b", 0)),
          problems,
          refusing && !request.deletions().confirmed());
    }

    @Override
    public SyncReport sync(SyncRequest request, Progress progress) {
      if (refusing && !request.deletions().confirmed()) {
        throw new RecoveryException(ErrorCode.REFUSED, "it lacks much", "confirm it.");
      }
      done = true;
      return preview(request);
    }
  }

  private final class InMemory implements Adapters {
    @Override
    public BackupStorage storage(Storage.Directory directory) {
      return fixture.local;
    }

    @Override
    public void prepareConnections() {
      connectionsPrepared = true;
    }

    @Override
    public FileSync fileSync(SyncedFolder folder) {
      return fileSync;
    }

    @Override
    public BackupStorage storage(Storage.S3 s3) {
      throw new AssertionError("no command here uses a bucket");
    }

    @Override
    public BackupStorage storage(Storage.Sftp sftp) {
      return fixture.remote;
    }

    @Override
    public Compression compression() {
      return new GzipCompression();
    }

    @Override
    public Encryption encryption(List<String> recipients) {
      throw new AssertionError("no plan here names recipients");
    }

    @Override
    public Decryption decryption(List<Path> identities) {
      return AgeDecryption.of(List.of());
    }

    @Override
    public DatabaseConnector databases() {
      return new DatabaseConnector() {
        @Override
        public DatabaseServer connect(Environment environment) {
          return fixture.server;
        }
      };
    }

    @Override
    public DataDirectories dataDirectories() {
      return new FakeDataDirectory(
          sandboxes,
          () -> fixture.server,
          other -> {
            throw new AssertionError("no command here exchanges files");
          });
    }

    @Override
    public DatabaseSandboxes sandboxes() {
      return sandboxes;
    }

    @Override
    public ReverseProxies proxies() {
      return proxy;
    }

    @Override
    public ContainerRuntime engine() {
      return engine;
    }

    @Override
    public ComposeProjects composeProjects() {
      return (name, at, files) -> project(name);
    }

    @Override
    public NameResolver nameResolver() {
      return (name, server, limit) ->
          new NameResolver.Resolution(name, server, List.of("192.0.2.1"), "");
    }

    @Override
    public HttpProbe httpProbe() {
      return (address, limit) ->
          new HttpProbe.Answer(address, Optional.of(200), Duration.ofMillis(2), "");
    }

    @Override
    public CommandRunner programs() {
      return new LocalCommandRunner();
    }

    @Override
    public void close() {}
  }

  private String idInOutput() {
    Matcher id = ID.matcher(test.out());
    assertThat(id.find()).as(test.out() + test.err()).isTrue();
    return id.group();
  }

  // --- recovery plans

  @Test
  void executesARecoveryPlanAndSaysWhatItDid() {
    assertThat(drp("recover", "restart", "production", "--mode", "plan")).isZero();
    assertThat(test.out()).contains("stop-services", "docker compose down");
    assertThat(engine.calls()).isEmpty();

    assertThat(drp("recover", "restart", "production")).as(test.err()).isZero();
    assertThat(test.out()).contains("COMPLETED", "report  ");
    assertThat(test.err()).contains("stop-services", "left)");
    assertThat(engine.calls()).contains("down", "up");

    assertThat(drp("recover", "restart", "production", "--mode", "plan")).isZero();
    assertThat(test.out()).contains("usually");
  }

  @Test
  void showsWhatIsDoneAtTheSameTime() {
    assertThat(drp("recover", "together", "production")).as(test.err()).isZero();
    assertThat(test.err())
        .containsPattern("succeeded +start ")
        .containsPattern("succeeded +breathe ");
    assertThat(drp("executions", "show", idInOutput())).isZero();
    assertThat(test.out())
        .containsPattern("at once +both +\\d")
        .containsPattern("succeeded +start ");
    assertThat(drp("recover", "together", "production", "--mode", "plan")).isZero();
    assertThat(test.out())
        .containsPattern("at once  both, usually \\d.*\n  changes    start")
        .containsPattern("reads      breathe");
  }

  @Test
  void refusesAndMisunderstandsNothing() {
    assertThat(drp("recover", "restrat", "production")).isEqualTo(2);
    assertThat(test.err()).contains("restrat", "restart", "checklist");
    assertThat(drp("recover", "restart", "website")).isEqualTo(2);
    assertThat(test.err()).contains("environments.website.compose");
    assertThat(drp("recover", "simulate", "production")).isEqualTo(6);
    assertThat(drp("recover", "simulate", "production", "--mode", "recovery")).isEqualTo(2);
    assertThat(drp("recover", "restart", "production", "--mode", "drill")).isEqualTo(6);
    assertThat(engine.calls()).isEmpty();
  }

  @Test
  void rebuildsAllEnvironmentsUntilOneFails() throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        PLAN.replace(
            "  website:\n",
            """
              staging: { site: primary, compose: { project: stage, directory: /srv } }
              website:
            """));
    assertThat(drp("backup", "production")).as(test.err()).isZero();
    assertThat(drp("rebuild", "--all", "--mode", "plan")).as(test.err()).isZero();
    assertThat(test.out()).contains("production", "staging", "start-services");
    assertThat(drp("rebuild", "--all")).isEqualTo(6);
    assertThat(drp("rebuild", "--all", "--confirm", "shop")).isEqualTo(6);
    assertThat(engine.calls()).isEmpty();

    assertThat(drp("rebuild", "--all", "--confirm", "Ask&Trust")).as(test.err()).isZero();
    assertThat(project("shop").containers()).allMatch(Container::isUp).hasSize(1);
    assertThat(project("stage").containers()).allMatch(Container::isUp).hasSize(1);

    assertThat(drp("rebuild", "--all", "--confirm", "Ask&Trust")).isEqualTo(6);
    assertThat(test.out()).contains("is not lost", "not begun: staging");
  }

  @Test
  void rebuildWantsToKnowWhich() {
    assertThat(drp("rebuild")).isEqualTo(2);
    assertThat(drp("rebuild", "production", "--all")).isEqualTo(2);
    assertThat(drp("rebuild", "website")).isEqualTo(2);
    String id = "20261122T101500Z-3f9a1c";
    assertThat(drp("rebuild", "--all", "--backup", id)).isEqualTo(2);
    assertThat(drp("rebuild", "--all", "--configuration-backup", id)).isEqualTo(2);
    assertThat(drp("rebuild", "production")).isEqualTo(6);
    assertThat(test.err()).contains("--confirm 'shop'");
    assertThat(engine.calls()).isEmpty();
  }

  @Test
  void waitsForAPersonPausesAndGoesOnOnceItIsApproved() {
    assertThat(drp("recover", "checklist", "production")).isEqualTo(7);
    assertThat(test.err()).contains("waits for a person", "drp approve ");
    String paused = idInOutput();
    assertThat(drp("approve", paused)).isEqualTo(2);
    assertThat(test.err()).contains("--reason");
    assertThat(drp("approve", paused, "--by", "Ada", "--reason", "it is well")).isZero();
    assertThat(test.out()).contains("look at it", "drp resume " + paused);
    assertThat(drp("resume", paused)).as(test.err()).isZero();
    assertThat(drp("executions", "show", paused)).isZero();
    assertThat(drp("approve", paused, "--reason", "again")).isEqualTo(2);
  }

  @Test
  void givesUpWhatIsPaused() {
    assertThat(drp("recover", "checklist", "production")).isEqualTo(7);
    String paused = idInOutput();
    assertThat(drp("abort", paused, "--by", "Bo", "--reason", "wrong plan")).isZero();
    assertThat(test.out()).contains("ROLLED_BACK", "aborted by Bo: wrong plan");
    assertThat(drp("abort", paused, "--reason", "again")).isEqualTo(2);
  }

  // --- the main path

  @Test
  void takesListsVerifiesDrillsAndRestores() {
    assertThat(drp("plan", "check")).isZero();
    assertThat(drp("status")).isEqualTo(4);
    assertThat(test.out()).contains("there is no backup", "not every objective is met");

    assertThat(drp("backup", "production")).as(test.err()).isZero();
    String backup = idInOutput();
    assertThat(test.out())
        .contains("is verified", "5 rows in 2 tables", "schedule        every-6h");
    fixture.clock.advance(Duration.ofMinutes(5));

    assertThat(drp("backups")).isZero();
    assertThat(test.out()).contains(backup, "VERIFIED", "5m", "local");
    assertThat(drp("backups", "show", backup)).isZero();
    assertThat(test.out()).contains("public.orders", "in local", "database.dump.gz");
    assertThat(drp("backups", "verify", "production")).isZero();
    assertThat(test.out()).contains(backup, "good");

    assertThat(drp("drill", "restore", "production")).as(test.out() + test.err()).isZero();
    assertThat(test.out()).contains("drill PASSED, nothing is left of it", "report  ");
    assertThat(drp("status")).isZero();
    assertThat(test.out()).contains("every objective is met", "measured by the last drill");

    fixture.server.insert("shop", "public", "orders", "lost");
    assertThat(drp("restore", "production", "--confirm", "shop")).as(test.err()).isZero();
    String restore = idInOutput();
    assertThat(test.out()).contains("AWAITING_COMMIT", "drp restore-undo " + restore);
    assertThat(drp("status")).isZero();
    assertThat(test.out()).contains("keeps the way back until it is committed");
    assertThat(drp("executions", "show", restore)).isZero();
    assertThat(test.out()).contains("confirm-service", "commit  (0ms, when committed)");

    assertThat(drp("restore-undo", restore, "--confirm", "shop")).as(test.err()).isZero();
    assertThat(test.out()).contains("ROLLED_BACK");
    assertThat(drp("restore-commit", restore, "--confirm", "shop")).as(test.err()).isZero();
    assertThat(drp("executions")).isZero();
    assertThat(test.out()).contains(restore, "drill-restore");
  }

  @Test
  void printsNothingButOneJsonObjectOnStandardOutput() {
    assertThat(drp("backup", "production", "--output", "json")).isZero();
    assertThat(test.out())
        .startsWith("{\n")
        .endsWith("}\n")
        .contains("\"schedule\": \"every-6h\"", "\"rows\": 5", "\"warnings\": []");
    assertThat(drp("drill", "restore", "production", "--output=json")).isZero();
    assertThat(test.out()).startsWith("{\n").contains("\"outcome\" : \"PASSED\"");
    assertThat(test.err()).contains("tear-down");
    assertThat(drp("status", "--output", "json")).isZero();
    assertThat(test.out())
        .startsWith("{\n")
        .contains("\"objectivesMet\": true", "\"state\": \"MET\"", "\"objectivePath\":");
    assertThat(drp("backups", "expire", "--output", "json")).isZero();
    assertThat(test.out()).startsWith("{\n").contains("\"applied\": false", "\"keep\": true");
  }

  @Test
  void countsTheStreamedLogOnlyWhileSomebodyStreamsIt() throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        PLAN.replace("user: owner }", "user: owner, wal: { to: [local] } }"));
    fixture.server.setBaseBackup(FakeServerFiles.some(1 << 20).tar());
    assertThat(drp("backup", "production", "--kind", "physical")).as(test.err()).isZero();
    fixture.clock.advance(Duration.ofHours(8));
    EnvironmentState state = fixture.state.environment("Ask&Trust", "production");
    Lsn end = Lsn.parse("0/5000000");
    new WalStatus(
            fixture.clock.instant(),
            "7000000000000000001",
            1,
            end,
            end,
            List.of(
                new WalStatus.Copy(
                    "local",
                    1,
                    end,
                    Optional.of(fixture.clock.instant().minusSeconds(7)),
                    "",
                    Optional.of(
                        new WalStretch(
                            List.of(new WalStretch.Part(1, Lsn.parse("0/2000000"), end)))),
                    Optional.empty())))
        .write(state);

    try (StateLock streaming = state.lockWal()) {
      assertThat(drp("status", "--output", "json")).as("%s", streaming).isNotEqualTo(1);
      assertThat(test.out())
          .contains("\"recoveryPointBy\": \"LOG\"", "\"actualSeconds\": 7")
          .doesNotContain("\"kind\": \"LOG\"");
      drp("status");
      assertThat(test.out()).contains("age of the log in storage local, which continues backup");
    }
    assertThat(drp("status", "--output", "json")).isEqualTo(4);
    assertThat(test.out())
        .contains("\"recoveryPointBy\": \"BACKUP\"", "\"actualSeconds\": 28800")
        .contains("\"kind\": \"LOG\"", "run `drp wal stream production`");

    drp("assess", "production"); // what was streamed can be restored, whoever goes on streaming
    assertThat(test.out()).contains("| end of the log, after backup ", " | 7 s |", " | 8 h |");
  }

  @Test
  void explainsARestoreWithoutReachingForAnything() {
    fixture.local.setAvailable(false);
    assertThat(drp("restore", "production", "--mode", "plan")).isZero();
    assertThat(test.out()).contains("nothing is changed now", "identify-target", "undo: ");
    assertThat(fixture.server.calls()).isEmpty();
  }

  // --- what is refused

  @Test
  void refusesToReplaceADatabaseThatNobodyConfirmed() {
    drp("backup", "production");

    assertThat(drp("restore", "production")).isEqualTo(6);
    assertThat(test.out()).contains("nothing was confirmed", "was not touched");
    assertThat(test.err()).contains("--confirm 'shop'");
    assertThat(drp("restore", "production", "--confirm", "shop2")).isEqualTo(6);
    assertThat(fixture.server.calls()).doesNotContain("create");
    assertThat(drp("status")).isEqualTo(4);
    assertThat(test.out()).doesNotContain("nothing was confirmed");
  }

  @Test
  void letsAPersonTypeTheNameOnATerminal() {
    drp("backup", "production");

    test = new TestConsole(new Console.Terminals(true, true, true), "yes\n");
    assertThat(drpHere("restore", "production")).isEqualTo(6);
    assertThat(test.err()).contains("Type shop to go on");
    test = new TestConsole(new Console.Terminals(true, true, true), "shop\n");
    assertThat(drpHere("restore", "production")).isZero();
  }

  @Test
  void expiryDropsAReplacedDatabaseThatWasKeptForLongEnough() {
    drp("backup", "production");
    assertThat(drp("restore", "production", "--confirm", "shop", "--keep-replaced", "2d"))
        .as(test.err())
        .isZero();
    String aside = "drp_aside_" + idInOutput();
    fixture.clock.advance(Duration.ofDays(2).minusMinutes(1));
    assertThat(drp("backups", "expire", "--apply")).isZero();
    assertThat(test.out())
        .containsPattern("keep +" + aside)
        .contains("removed: 0 copies of backups, 0 B\n");

    fixture.clock.advance(Duration.ofMinutes(2));
    assertThat(drp("backups", "expire")).isZero();
    assertThat(test.out())
        .containsPattern("remove +" + aside)
        .contains(
            "would be removed: 0 copies of backups, 0 B, 1 replaced database; `--apply` removes");
    assertThat(databases()).contains(aside);
    assertThat(drp("backups", "expire", "website", "--apply")).isZero();
    assertThat(databases()).as("of another environment").contains(aside);
    assertThat(drp("backups", "expire", "--apply")).isZero();
    assertThat(test.out())
        .containsPattern("removed +" + aside)
        .contains("removed: 0 copies of backups, 0 B, 1 replaced database\n");
    assertThat(databases()).doesNotContain(aside).contains("shop");
    assertThat(drp("backups", "expire")).isZero();
    assertThat(test.out()).contains("nothing to remove");
  }

  @Test
  void expiryTellsOfAReplacedDatabaseThatItCannotDrop() {
    drp("backup", "production");
    drp("restore", "production", "--confirm", "shop", "--keep-replaced", "2d");
    String aside = "drp_aside_" + idInOutput();
    fixture.clock.advance(Duration.ofDays(3));
    fixture.server.failNext(
        "drop", new RecoveryException(ErrorCode.DATABASE_FAILED, "it is in use", "wait."));

    assertThat(drp("backups", "expire", "--apply")).isEqualTo(3);

    assertThat(test.out())
        .containsPattern("not removed +" + aside + " .*it is in use")
        .contains("removed: 0 copies of backups, 0 B\n");
    assertThat(databases()).contains(aside);
  }

  @Test
  void expirySaysWhatGoesAndRemovesItWithApplyOnly() {
    drp("backup", "production");
    String old = idInOutput();
    fixture.clock.advance(Duration.ofDays(30));
    drp("backup", "production");
    String young = idInOutput();

    assertThat(drp("backups", "expire", "website")).isZero();
    assertThat(test.out()).contains("nothing to remove").doesNotContain(old);
    assertThat(drp("backups", "expire")).isZero();
    assertThat(test.out())
        .containsPattern("remove +" + old)
        .containsPattern("keep +" + young)
        .containsPattern(
            "would be removed: 1 copy of a backup, [1-9][0-9.]* k?B; `--apply` removes");
    assertThat(drp("backups")).isZero();
    assertThat(test.out()).contains(old, young);

    assertThat(drp("backups", "expire", "--apply")).isZero();
    assertThat(test.out())
        .containsPattern("removed +" + old)
        .containsPattern("removed: 1 copy of a backup, [1-9][0-9.]* k?B\n");
    assertThat(drp("backups")).isZero();
    assertThat(test.out()).contains(young).doesNotContain(old);
  }

  @Test
  void expiryIsPartialWhereAStorageDoesNotAnswer() {
    fixture.local.setAvailable(false);

    assertThat(drp("backups", "expire", "--apply")).isEqualTo(3);
  }

  private List<String> databases() {
    return fixture.server.databases().stream().map(DatabaseSummary::name).toList();
  }

  @Test
  void wantsAConfirmationForTheWayBackAndForItsEnd() {
    drp("backup", "production");
    drp("restore", "production", "--confirm", "shop");
    String restore = idInOutput();

    assertThat(drp("restore-undo", restore)).isEqualTo(6);
    assertThat(drp("restore-commit", restore, "--confirm", "other")).isEqualTo(6);
    assertThat(test.err()).contains("confirmed was 'other'", "--confirm 'shop'");
  }

  @Test
  void showsTheGapThatHasToBeAccepted() {
    drp("backup", "production");
    fixture.clock.advance(Duration.ofHours(2));

    String at = fixture.clock.instant().minus(Duration.ofHours(1)).toString();
    assertThat(drp("restore", "production", "--confirm", "shop", "--at", at)).isEqualTo(6);
    assertThat(test.err()).contains("--accept-gap").doesNotContain("--confirm");
    assertThat(drp("restore", "production", "--confirm", "shop", "--at", at, "--accept-gap"))
        .isZero();
  }

  @Test
  void doesNotGuessATimeZone() {
    assertThat(drp("restore", "production", "--at", "2026-11-22 10:15")).isEqualTo(2);
    assertThat(test.err()).contains("has no time zone; 2026-11-22T10:15Z is UTC");
  }

  @Test
  void drawsABackupForADrillAndTellsTheSeed() {
    drp("backup", "production");
    String backup = idInOutput();

    assertThat(drp("drill", "restore", "production", "--random")).isZero();
    assertThat(test.err()).containsPattern("seed of the draw: \\d+");
    assertThat(drp("drill", "restore", "production", "--random", "--seed", "7")).isZero();
    assertThat(test.err()).contains("seed of the draw: 7");
    assertThat(drp("drill", "restore", "production", "--backup", backup)).isZero();
    assertThat(drp("drill", "restore", "production", "--backup", backup, "--random")).isEqualTo(2);
  }

  // --- wrong usage

  @Test
  void takesTheKindsThatItKnows() {
    assertThat(drp("backup", "production", "--kind", "configuration", "--emergency")).isEqualTo(2);
    assertThat(drp("backup", "production", "--kind", "logical", "--images")).isEqualTo(2);
    assertThat(test.err()).contains("only a system backup holds images");
    assertThat(drp("drill", "restore", "production", "--kind", "system")).isEqualTo(2);
    assertThat(test.err()).contains("no backup of kind system as such");
    assertThat(drp("restore", "production", "--kind", "configuration")).isEqualTo(2);
    assertThat(test.err()).contains("drp restore-configuration");
    assertThat(drp("backup", "production", "--kind", "physical", "--emergency")).isEqualTo(2);
    assertThat(test.err()).contains("an emergency backup is a logical one");
    assertThat(drp("backup", "production", "--kind", "logical")).isZero();
    assertThat(test.out()).contains("none: taken by hand");
  }

  @Test
  void keepsAConfigurationHereUnlessThePlanSaysSoAndBringsItBack() throws IOException {
    Path caddyfile = Files.writeString(folder.resolve("Caddyfile"), "as it was");
    String away =
        PLAN.replace(
                "  website:\n    site: primary\n",
                "  website:\n    site: primary\n    configuration: [%s]\n".formatted(caddyfile))
            .replace(
                "every: 1d, keep: 7d, to: [local]", "every: 1d, keep: 7d, to: [local, standby]");
    Files.writeString(folder.resolve("drp.yaml"), away);
    for (String which : List.of("--schedule=files", "--kind=configuration")) {
      assertThat(drp("backup", "website", which)).isEqualTo(6);
      assertThat(test.err()).contains("plain: true");
    }
    Files.writeString(
        folder.resolve("drp.yaml"),
        away.replace("to: [local, standby]", "to: [local, standby], plain: true"));
    assertThat(drp("backup", "website", "--kind", "configuration")).as(test.err()).isZero();
    assertThat(test.out()).contains(caddyfile + ": 1 file");

    Files.writeString(caddyfile, "as nobody wants it");

    assertThat(drp("restore-configuration", "website", "--diff")).isEqualTo(3);
    assertThat(test.out()).contains("changed  " + caddyfile);
    Path into = folder.resolve("into");
    assertThat(drp("restore-configuration", "website", "--into", into.toString())).isZero();
    assertThat(into.resolve("host" + caddyfile)).hasContent("as it was");
    assertThat(drp("restore-configuration", "website", "--apply")).isEqualTo(6);
    assertThat(test.err()).contains("--confirm 'website' lets its files be replaced");
    assertThat(caddyfile).hasContent("as nobody wants it");

    assertThat(drp("restore-configuration", "website", "--apply", "--confirm", "website")).isZero();
    assertThat(test.out()).contains("It is in place");
    assertThat(caddyfile).hasContent("as it was");
    assertThat(drp("restore-undo", idInOutput(), "--confirm", "website")).isZero();
    assertThat(caddyfile).hasContent("as nobody wants it");
  }

  @Test
  void namesSchedulesAndEnvironmentsThatThereAre() {
    assertThat(drp("backup", "produktion")).isEqualTo(2);
    assertThat(test.err()).contains("no environment 'produktion'", "did you mean production?");
    assertThat(drp("backup", "production", "--schedule", "every-6")).isEqualTo(2);
    assertThat(test.err()).contains("did you mean every-6h?");
    assertThat(drp("backup", "production", "--schedule", "files")).isEqualTo(2);
    assertThat(test.err()).contains("for environment website", "every-6h");
    assertThat(drp("backup", "website")).isEqualTo(2);
    assertThat(test.err()).contains("has no database");
  }

  @Test
  void tellsWhatIsWrongWithThePlanBeforeDoingAnything() throws IOException {
    Files.writeString(folder.resolve("drp.yaml"), PLAN.replace("every: 6h", "evry: 6h"));

    assertThat(drp("backup", "production")).isEqualTo(2);
    assertThat(test.err()).contains("has errors", "line 19, column 55", "evry");
    assertThat(drp("plan", "check", "--output", "json")).isEqualTo(2);
    assertThat(test.out()).contains("\"valid\": false", "\"nearest\": \"every\"");
  }

  @Test
  void saysThatAnIdIsNone() {
    assertThat(drp("backups", "show", "latest")).isEqualTo(2);
    assertThat(drp("resume", "last")).isEqualTo(2);
    assertThat(drp("backups", "show", "20261122T101500Z-000000")).isEqualTo(1);
    assertThat(drp("executions", "show", "20261122T101500Z-000000")).isEqualTo(1);
  }

  // --- what goes wrong

  @Test
  @SuppressWarnings("try") // the lock is held, not used
  void saysWhoHoldsTheLock() {
    try (StateLock held = fixture.memory().lockBackups("a test")) {
      assertThat(drp("backup", "production")).isEqualTo(5);
      assertThat(test.err()).contains("a test");
      drp("status");
      assertThat(test.out()).contains("at work", "a test");
    }
  }

  @Test
  void findsDamageAndNamesAnOlderGoodBackup() {
    drp("backup", "production");
    String older = idInOutput();
    fixture.clock.advance(Duration.ofHours(1));
    drp("backup", "production");
    String newer = idInOutput();
    fixture.local.flipBit(fixture.object(new BackupId(newer), "database.dump.gz"), 12);

    assertThat(drp("backups", "verify")).isEqualTo(3);
    assertThat(test.out()).contains("DAMAGED");
    assertThat(drp("restore", "production", "--backup", newer, "--confirm", "shop")).isEqualTo(1);
    assertThat(test.out()).contains("next older good backup is " + older);
    assertThat(drp("status")).isEqualTo(4);
    assertThat(test.out()).contains(newer + ": found damaged in storage local");
  }

  @Test
  void verifiesASliceOrByARestore() {
    drp("backup", "production");
    BackupId backup = new BackupId(idInOutput());
    assertThat(drp("backups", "verify", "--storage", "local", "--sample", "1/7")).isZero();
    assertThat(test.out()).contains("read 1/7 (slice ", "no copy has been read wholly by now");
    for (int day = 0; day < 6; day++) {
      fixture.clock.advance(Duration.ofDays(1));
      assertThat(drp("backups", "verify", "--sample", "1/7")).isZero();
    }
    assertThat(test.out()).contains("good, all slices", "1 copy has been read wholly");
    assertThat(drp("backups", "verify", "--sample", "2/7")).isEqualTo(2);
    assertThat(test.err()).contains("such as 1/7 for a week");
    assertThat(drp("backups", "verify", "--storage", "standby")).isEqualTo(1);
    assertThat(test.err()).contains("in storage standby");

    assertThat(drp("backups", "verify", "--deep", "--output", "json")).as(test.err()).isZero();

    assertThat(test.out()).contains("\"good\": true", "\"storage\": \"local\"");
    assertThat(fixture.listing().require(backup).state()).isEqualTo(BackupState.DRILLED);
  }

  @Test
  void countsAsNothingWhenThereIsNothingToVerify() {
    assertThat(drp("backups", "verify")).isEqualTo(1);
  }

  @Test
  void reportsForeignThingsInAStorageAndGoesOn() {
    fixture.local.plant("Ask%26Trust/production/holiday-photos/beach.jpg", new byte[] {1});
    drp("backup", "production");

    assertThat(drp("backups")).isZero();
    assertThat(test.out()).contains("Also found:", "foreign", "holiday-photos");
  }

  @Test
  void saysThatAStorageDoesNotAnswer() {
    drp("backup", "production");
    fixture.local.setAvailable(false);

    assertThat(drp("backups")).isEqualTo(3);
    assertThat(test.out()).contains("unreachable");
  }

  @Test
  void endsADrillWithTheCodeOfItsOutcome() {
    drp("backup", "production");
    sandboxes.setSameImage(false);
    sandboxes.leaveBehind(java.util.List.of("container x"));

    assertThat(drp("drill", "restore", "production")).isEqualTo(3);
    assertThat(test.out()).contains("something may be left of it");
    fixture.clock.advance(Duration.ofHours(7));
    sandboxes.leaveBehind(java.util.List.of());
    assertThat(drp("drill", "restore", "production")).isEqualTo(4);
    assertThat(test.out()).contains("FAILED_OBJECTIVE");
  }

  @Test
  void showsNoControlCharacterOfAHostileName() throws IOException {
    String name = "sh\u001b[2Jop\n$(reboot)";
    fixture.server.createDatabase(name);
    fixture.server.insert(name, "public", "a\u0007b", "x");
    Files.writeString(
        folder.resolve("drp.yaml"), PLAN.replace("name: shop", "name: \"sh\\e[2Jop\\n$(reboot)\""));

    assertThat(drp("backup", "production")).as(test.err()).isZero();
    String backup = idInOutput();
    String shown = test.out() + test.err();
    drp("backups", "show", backup);
    shown += test.out() + test.err();
    drp("restore", "production");
    shown += test.out() + test.err();
    assertThat(shown).contains("sh\\u001b[2Jop\\n$(reboot)").doesNotContain("\u001b", "\u0007");
  }

  @Test
  void diagnosesAndEndsBadlyWhenSomethingIsBad() {
    engineWithBackend();

    assertThat(drp("diagnose", "production")).as(test.err()).isEqualTo(1);
    assertThat(test.out())
        .contains("service backend", "runs, healthy")
        .contains("disk of backups /backup", "there is no such folder");
    assertThat(drp("--output", "json", "diagnose", "production")).isEqualTo(1);
    assertThat(test.out()).contains("\"section\": \"DATABASE\"", "\"state\": \"GOOD\"");
    assertThat(drp("diagnose", "produktion")).isEqualTo(2);
  }

  @Test
  void diagnosesTheReverseProxy() {
    proxy.edit("www.example.net", 200, "page");
    proxy.start();
    drp("diagnose", "website");
    assertThat(test.out()).contains("configuration of the reverse proxy", "the proxy runs it");

    proxy.kill();

    assertThat(drp("diagnose", "website")).isEqualTo(1);
    assertThat(test.out()).contains("the proxy cannot tell");
  }

  @Test
  void assessesAnOutage() {
    engineWithBackend();
    assertThat(drp("assess", "production")).as(test.out()).isZero();

    engine.crash("shop-backend-1", 137);

    assertThat(drp("assess", "production", "--impact", "2026-11-22T10:00:00Z")).isEqualTo(1);
    assertThat(test.out())
        .contains("**Affected services**: backend")
        .contains("`drp recover restart production --impact 2026-11-22T10:00:00Z`");
    assertThat(drp("--output", "json", "assess", "production")).isEqualTo(1);
    assertThat(test.out()).contains("\"plan\": \"restart\"", "\"rule\": \"MOST_ARE_DOWN\"");
  }

  @Test
  void findsDriftAndShowsNoControlCharacter() throws IOException {
    engineWithBackend();
    Files.writeString(
        folder.resolve("drp.yaml"),
        PLAN.replace(
            "    health: ['http://localhost:8000']",
            "    health: ['http://localhost:8000']\n"
                + "    volumes: [{ name: \"a\\e[2J\", criticality: normal }]"));

    assertThat(drp("plan", "drift", "production")).as(test.err()).isEqualTo(1);
    assertThat(test.out())
        .contains(
            "environments.production.volumes[0].name (line ",
            "the engine has no volume a\\u001b[2J")
        .contains("there is no file or folder /srv/shop")
        .doesNotContain("\u001b");
    assertThat(drp("--output", "json", "plan", "drift", "production")).isEqualTo(1);
    assertThat(test.out()).contains("\"kind\": \"MISSING\"");
  }

  private void engineWithBackend() {
    project("shop").up(List.of(), Map.of(), Duration.ofSeconds(1));
    fixture.server.answer("select 1", any -> "1");
  }
}
