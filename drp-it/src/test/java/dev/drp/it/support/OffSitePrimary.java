package dev.drp.it.support;

import dev.drp.transfer.Sshd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A server whose backups and log go to a folder of this machine and, over SFTP, to one elsewhere,
 * encrypted; and its loss. Closing it ends whatever is left.
 */
public final class OffSitePrimary implements AutoCloseable {
  public static final int ROWS = 200_000;

  private final Path folder;
  private final HostPostgres server;
  private final Sshd sshd;
  private boolean lost;

  private OffSitePrimary(Path folder, HostPostgres server, Sshd sshd) {
    this.folder = folder;
    this.server = server;
    this.sshd = sshd;
  }

  /**
   * Starts one without a backup.
   *
   * @param folder empty; for the plan, both storages and the state directory
   */
  public static OffSitePrimary start(Path folder, AgeKey... recipients) throws IOException {
    HostPostgres server = HostPostgres.start();
    server.sql("postgres", "create database shop");
    server.sql(
        "shop",
        "create table sale as select n as id, md5(n::text) as note from generate_series(1, %d) n"
            .formatted(ROWS));
    OffSitePrimary primary =
        new OffSitePrimary(
            folder, server, Sshd.start(Files.createDirectory(folder.resolve("sshd"))));
    primary.writePlan(recipients);
    return primary;
  }

  private void writePlan(AgeKey... recipients) throws IOException {
    Files.writeString(
        folder.resolve("drp.yaml"),
        """
        format: 1
        application: Shop
        sites: { primary: { host: local } }
        environments:
          production:
            site: primary
            database:
              host: 127.0.0.1
              port: %d
              name: shop
              user: postgres
              password: env:SHOP_PASSWORD
              data-directory: %s
              expectations:
                - { name: sales, sql: select count(*) from sale, expect: '> 0' }
              wal: { to: [local, offsite], max-lag: 1s }
        storages:
          local: { directory: %s }
          offsite: { sftp: %s@127.0.0.1:%d, path: %s, known-hosts: %s, key: %s, off-site: true }
        backups:
          dumps: { environment: production, kind: logical, every: 6h, keep: 7d, to: [local, offsite] }
          files: { environment: production, kind: physical, every: 6h, keep: 7d, to: [local, offsite] }
        encryption: { recipients: [%s] }
        """
            .formatted(
                server.port(),
                server.dataFolder(),
                near(),
                Sshd.user(),
                sshd.port(),
                far(),
                sshd.knownHosts(),
                sshd.clientKey(),
                Arrays.stream(recipients)
                    .map(AgeKey::recipient)
                    .collect(Collectors.joining(", "))));
  }

  public HostPostgres server() {
    return server;
  }

  public Sshd sshd() {
    return sshd;
  }

  /** Its own storage. */
  public Path near() {
    return folder.resolve("near");
  }

  /** The storage elsewhere. */
  public Path far() {
    return folder.resolve("far");
  }

  public Path state() {
    return folder.resolve("state");
  }

  /** The command line on the primary. */
  public Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password());
  }

  /** Runs it with the primary's state directory. */
  public Programs.Result drp(String... arguments) {
    return cli().run(Shop.withState(arguments));
  }

  /** What is done meanwhile. */
  public interface Work {
    void run() throws Exception;
  }

  /** Streams the log while something is done, until both storages have all of it. */
  public void whileStreaming(Work work) throws Exception {
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    try {
      Shop.await(
          () ->
              server.sql("postgres", "select count(*) from pg_stat_replication").equals("1")
                  || !stream.isAlive());
      work.run();
      server.awaitStreamed();
    } finally {
      Shop.signal(stream, "TERM").requireSuccess();
    }
  }

  /** The server, its storage and what it remembers are gone. */
  public void lose() throws IOException {
    lost = true;
    server.close();
    for (Path gone : List.of(near(), state())) {
      remove(gone);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.delete(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }

  /** All files below a folder, with their content as a hash could tell it. */
  public static Map<Path, String> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .collect(
              Collectors.toMap(
                  it -> it,
                  it -> Programs.run("sha256sum", it.toString()).requireSuccess().stdout()));
    }
  }

  @Override
  public void close() {
    sshd.close();
    if (!lost) {
      server.close();
    }
  }
}
