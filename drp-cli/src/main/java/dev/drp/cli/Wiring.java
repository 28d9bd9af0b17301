package dev.drp.cli;

import dev.drp.backup.BackupStorage;
import dev.drp.backup.Compression;
import dev.drp.backup.Decryption;
import dev.drp.backup.Encryption;
import dev.drp.backup.RetryingStorage;
import dev.drp.backup.ThrottledStorage;
import dev.drp.caddy.CaddyReverseProxies;
import dev.drp.database.DataDirectories;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.DatabaseSandboxes;
import dev.drp.docker.DockerCompose;
import dev.drp.docker.DockerContainerRuntime;
import dev.drp.plan.DataRate;
import dev.drp.plan.SecretReference;
import dev.drp.plan.SshAddress;
import dev.drp.plan.Storage;
import dev.drp.plan.SyncedFolder;
import dev.drp.postgres.PostgresConnector;
import dev.drp.postgres.PostgresDataDirectories;
import dev.drp.postgres.PostgresSandboxes;
import dev.drp.probe.HttpProbe;
import dev.drp.probe.JdkHttpProbe;
import dev.drp.probe.JdkNameResolver;
import dev.drp.probe.NameResolver;
import dev.drp.proxy.ReverseProxies;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.ComposeProjects;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.sync.FileSync;
import dev.drp.sync.RetryingFileSync;
import dev.drp.transfer.AgeDecryption;
import dev.drp.transfer.AgeEncryption;
import dev.drp.transfer.DirectoryStorage;
import dev.drp.transfer.S3Bucket;
import dev.drp.transfer.S3Storage;
import dev.drp.transfer.SftpStorage;
import dev.drp.transfer.ZstdCompression;
import dev.drp.transfer.ssh.SshConnections;
import dev.drp.transfer.ssh.SshPreparation;
import dev.drp.transfer.ssh.SshTarget;
import dev.drp.transfer.sync.SshFileSync;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one place where adapters are put together. Each is made when it is first needed, so that a
 * command that only looks at local files loads no engine, no database driver and no compression.
 */
final class Wiring implements Adapters {
  /** A folder of this machine that is missing does not come back while somebody waits. */
  private static final int FOLDER_ATTEMPTS = 2;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  /** Another machine has its own time limits, and may be restarting. */
  private static final int REMOTE_ATTEMPTS = 3;

  private static final Duration FIRST_REMOTE_PAUSE = Duration.ofSeconds(1);

  private final Map<String, String> environment;
  private final Clock clock;
  private final IdentityHashMap<Storage, BackupStorage> storages = new IdentityHashMap<>();
  private final List<Runnable> closing = new ArrayList<>();
  private @Nullable ContainerRuntime engine;

  Wiring(Map<String, String> environment, Clock clock) {
    this.environment = environment;
    this.clock = clock;
  }

  @Override
  public BackupStorage storage(Storage.Directory directory) {
    return once(
        directory,
        () ->
            new RetryingStorage(
                new DirectoryStorage(directory.directory()), FOLDER_ATTEMPTS, FIRST_PAUSE));
  }

  @Override
  public BackupStorage storage(Storage.Sftp sftp) {
    return once(
        sftp,
        () -> {
          SftpStorage storage =
              new SftpStorage(connections(sftp.sftp(), sftp.knownHosts(), sftp.key()), sftp.path());
          closing.add(storage::close);
          return remote(sftp.bandwidth(), storage);
        });
  }

  @Override
  public BackupStorage storage(Storage.S3 s3) {
    return once(
        s3,
        () -> {
          S3Storage storage = new S3Storage(S3Bucket.of(s3, S3Bucket.Limits.USUAL), clock);
          closing.add(storage::close);
          return remote(s3.bandwidth(), storage);
        });
  }

  @Override
  public void prepareConnections() {
    SshPreparation.start();
  }

  @Override
  public synchronized FileSync fileSync(SyncedFolder folder) {
    SshFileSync fileSync =
        new SshFileSync(connections(folder.with(), folder.knownHosts(), folder.key()), programs());
    closing.add(fileSync::close);
    return new RetryingFileSync(fileSync, REMOTE_ATTEMPTS, FIRST_REMOTE_PAUSE);
  }

  private static SshConnections connections(
      SshAddress address, Optional<Path> knownHosts, Optional<Path> key) {
    return new SshConnections(
        SshTarget.of(
            address,
            knownHosts,
            key,
            Path.of(System.getProperty("user.home", "/")),
            System.getProperty("user.name"),
            SshTarget.Limits.USUAL));
  }

  /** One for the whole command: it may hold a connection, and keeps to its bandwidth. */
  private synchronized BackupStorage once(Storage storage, Supplier<BackupStorage> opening) {
    BackupStorage known = storages.get(storage);
    if (known == null) {
      known = opening.get();
      storages.put(storage, known);
    }
    return known;
  }

  private static BackupStorage remote(Optional<DataRate> bandwidth, BackupStorage storage) {
    BackupStorage paced =
        bandwidth
            .<BackupStorage>map(rate -> new ThrottledStorage(storage, rate.bytesPerSecond()))
            .orElse(storage);
    return new RetryingStorage(paced, REMOTE_ATTEMPTS, FIRST_REMOTE_PAUSE);
  }

  @Override
  public Compression compression() {
    return new ZstdCompression();
  }

  @Override
  public Encryption encryption(List<String> recipients) {
    return new AgeEncryption(recipients);
  }

  @Override
  public Decryption decryption(List<Path> identities) {
    return AgeDecryption.of(identities.stream().map(SecretReference.WholeFile::new).toList());
  }

  @Override
  public DatabaseConnector databases() {
    return new PostgresConnector(this::engine, programs(), clock);
  }

  @Override
  public DataDirectories dataDirectories() {
    return new PostgresDataDirectories(this::engine, programs(), clock);
  }

  @Override
  public DatabaseSandboxes sandboxes() {
    return new PostgresSandboxes(this::engine, programs(), clock);
  }

  @Override
  public ReverseProxies proxies() {
    return new CaddyReverseProxies(programs());
  }

  @Override
  public ComposeProjects composeProjects() {
    return new DockerCompose(programs(), engine());
  }

  @Override
  public HttpProbe httpProbe() {
    return new JdkHttpProbe();
  }

  @Override
  public NameResolver nameResolver() {
    return new JdkNameResolver();
  }

  @Override
  public CommandRunner programs() {
    return new LocalCommandRunner();
  }

  @Override
  public synchronized ContainerRuntime engine() {
    ContainerRuntime known = engine;
    if (known == null) {
      known = DockerContainerRuntime.of(environment);
      engine = known;
    }
    return known;
  }

  @Override
  public synchronized void close() {
    closing.forEach(Runnable::run);
    if (engine != null) {
      engine.close();
    }
  }
}
