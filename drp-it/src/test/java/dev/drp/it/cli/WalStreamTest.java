package dev.drp.it.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.drp.backup.Decoding;
import dev.drp.backup.NamedStorage;
import dev.drp.database.Lsn;
import dev.drp.it.support.AgeKey;
import dev.drp.it.support.Cli;
import dev.drp.it.support.HostPostgres;
import dev.drp.it.support.Programs;
import dev.drp.it.support.Shop;
import dev.drp.transfer.DirectoryStorage;
import dev.drp.transfer.ZstdCompression;
import dev.drp.wal.WalArchive;
import dev.drp.wal.WalCoverage;
import dev.drp.wal.WalSegment;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The log of a real server, streamed by a real process, with real faults in between. */
@Order(1) // one of the longest
class WalStreamTest {
  private static final int KILLS = Integer.getInteger("drp.wal.kills", 10);
  private static final String SLOT = "drp_production";

  private static HostPostgres primary;

  @TempDir private Path folder;
  private final List<Process> streams = new ArrayList<>();
  private HostPostgres server;
  private Decoding decoding = Decoding.plain(new ZstdCompression());
  private String encryption = "";

  @BeforeAll
  static void startServer() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("fsync", "off");
    settings.put("wal_keep_size", "1GB"); // to compare with
    settings.put("max_wal_size", "1GB");
    primary = HostPostgres.start(settings);
    primary.runAsServer("pgbench", "-i", "-q", "-s", "2", "postgres");
  }

  @AfterAll
  static void stopServer() {
    primary.close();
  }

  @BeforeEach
  void writePlan() throws Exception {
    server = primary;
    Files.createDirectories(folder.resolve("disk"));
    Files.createDirectories(folder.resolve("remote"));
    writePlan("500ms", false);
  }

  @AfterEach
  void dropSlot() throws Exception {
    server = primary;
    streams.forEach(Process::destroyForcibly);
    Shop.await(() -> value("select count(*) from pg_stat_replication").equals("0"));
    value(
        "select count(pg_drop_replication_slot(slot_name)) from pg_replication_slots"
            + " where slot_name = '%s'".formatted(SLOT));
  }

  private void writePlan(String maxLag, boolean synchronous) throws IOException {
    writePlan(server.port(), maxLag, synchronous);
  }

  private void writePlan(int port, String maxLag, boolean synchronous) throws IOException {
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
              wal: { to: [disk, remote], max-lag: %s, synchronous: %s }
        storages:
          disk: { directory: %s }
          remote: { directory: %s, off-site: true }
        %s
        """
            .formatted(
                port,
                maxLag,
                synchronous,
                folder.resolve("disk/backups"),
                folder.resolve("remote/backups"),
                encryption));
  }

  private Cli cli() {
    return Cli.in(folder).with("SHOP_PASSWORD", server.password());
  }

  private Process stream() {
    Process stream = cli().start(Shop.withState("wal", "stream", "production"));
    streams.add(stream);
    return stream;
  }

  private Programs.Result catchUp() {
    return cli().run(Shop.withState("wal", "stream", "production", "--until-caught-up"));
  }

  private String value(String sql) throws Exception {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(60); // a commit may wait for a stream
      ResultSet result = statement.executeQuery(sql);
      return result.next() ? String.valueOf(result.getString(1)) : "";
    }
  }

  private void write(int segments) throws Exception {
    for (int i = 0; i < segments; i++) {
      value("select pg_logical_emit_message(true, 'drp', repeat('x', 200000))");
      value("select pg_switch_wal()");
    }
    value("select pg_logical_emit_message(true, 'drp', repeat('y', 300000))");
  }

  private Lsn flushed() throws Exception {
    return Lsn.parse(value("select pg_current_wal_flush_lsn()"));
  }

  private WalArchive archive(String disk) throws Exception {
    Path backups = folder.resolve(disk).resolve("backups");
    return new WalArchive(
        new NamedStorage(disk, false, true, new DirectoryStorage(backups)),
        "Shop",
        "production",
        value("select system_identifier from pg_control_system()"),
        decoding);
  }

  /** The position before which the storage has the log, from its first segment on. */
  private Lsn reach(String disk) throws Exception {
    WalCoverage coverage = archive(disk).coverage();
    if (coverage.segments().isEmpty()) {
      return new Lsn(0);
    }
    WalSegment first = coverage.segments().firstKey();
    return coverage.reach(first.start(), first.timeline()).to();
  }

  private void awaitStored(String disk, Lsn position) throws Exception {
    Shop.await(() -> !reach(disk).isBefore(position));
  }

  /** Compares what is stored with the server's own files, as far as there are bytes. */
  private int assertSameAsTheServers(String disk) throws Exception {
    WalArchive archive = archive(disk);
    int compared = 0;
    for (Map.Entry<WalSegment, Integer> stored : archive.coverage().segments().entrySet()) {
      Path file = server.dataFolder().resolve("pg_wal").resolve(stored.getKey().name());
      if (Files.exists(file)) {
        try (InputStream content = archive.open(stored.getKey().name())) {
          int mismatch =
              Arrays.mismatch(
                  Arrays.copyOf(content.readAllBytes(), stored.getValue()),
                  Arrays.copyOf(Files.readAllBytes(file), stored.getValue()));
          assertThat(mismatch).as("%s in %s", stored.getKey(), disk).isEqualTo(-1);
        }
        compared++;
      }
    }
    return compared;
  }

  private void assertNoGap() throws Exception {
    for (String disk : List.of("disk", "remote")) {
      WalCoverage coverage = archive(disk).coverage();
      assertThat(coverage.gaps()).isEmpty();
      WalSegment first = coverage.segments().firstKey();
      assertThat(coverage.reach(first.start(), first.timeline()).goesOnAt()).isEmpty();
    }
  }

  @Test
  @Timeout(value = 40, unit = TimeUnit.MINUTES) // for 50 kills
  void killedAtRandomPointsItLosesNothingAndKeepsNothingTwice() throws Exception {
    killAtRandomPoints(KILLS);
  }

  /** Then nobody there can compare what is stored already with what is to be stored. */
  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  void itDoesNotEitherWhereItCannotReadWhatItHasStored() throws Exception {
    AgeKey key = AgeKey.generate(folder.resolve("identity"));
    encryption = "encryption: { recipients: [%s] }".formatted(key.recipient());
    decoding = new Decoding(new ZstdCompression(), List.of(key.decryption()));
    writePlan("500ms", false);

    killAtRandomPoints((KILLS + 1) / 2);
  }

  private void killAtRandomPoints(int kills) throws Exception {
    Random random = new Random();
    long seed = random.nextLong();
    random.setSeed(seed);
    catchUp().requireSuccess(); // from here on, what the slot says was confirmed by a stream
    Process load =
        primary.startAsServer("pgbench", "-n", "-c", "2", "-R", "1500", "-T", "3600", "postgres");
    try {
      for (int i = 0; i < kills; i++) {
        Process stream = stream();
        boolean early = i % 3 == 2;
        if (!early) {
          Shop.await(() -> value("select active from pg_replication_slots").equals("t"));
        }
        Thread.sleep(random.nextInt(900)); // the random point: no condition to wait for
        Programs.Result killed = Shop.signal(stream, "KILL");
        assertThat(killed.exitCode()).as("seed %d: %s", seed, killed.stderr()).isEqualTo(137);
        Lsn confirmed = confirmed();
        assertThat(hasSafely(confirmed)).as("seed %d, kill %d: %s", seed, i, confirmed).isTrue();
      }
    } finally {
      load.descendants().forEach(ProcessHandle::destroyForcibly);
      load.destroyForcibly().waitFor();
    }
    write(1);
    Lsn end = flushed();

    catchUp().requireSuccess();

    assertNoGap();
    for (String disk : List.of("disk", "remote")) {
      assertThat(reach(disk)).isGreaterThanOrEqualTo(end);
      assertThat(assertSameAsTheServers(disk)).isGreaterThan(2);
    }
    assertThat(spool()).as("only what is not complete stays in the spool").hasSize(1);
    assertThat(increments()).as("increments of complete segments are gone").isLessThan(130);
  }

  private Lsn confirmed() throws Exception {
    String position = value("select restart_lsn from pg_replication_slots");
    return position.isEmpty() ? new Lsn(0) : Lsn.parse(position);
  }

  /** Whether the log before a position is in the spool or the storages. */
  private boolean hasSafely(Lsn confirmed) throws Exception {
    WalSegment segment = WalSegment.at(1, confirmed);
    int needed = (int) confirmed.minus(segment.start());
    Path partial = spoolFolder().resolve(segment.name() + ".partial");
    return spool().isEmpty()
        || (Files.exists(partial) && Files.size(partial) >= needed)
        || Files.exists(spoolFolder().resolve(segment.name()))
        || !reach("disk").isBefore(confirmed);
  }

  private Path spoolFolder() throws Exception {
    return folder
        .resolve("state/environments/Shop/production/wal")
        .resolve(value("select system_identifier from pg_control_system()"));
  }

  private List<Path> spool() throws Exception {
    if (!Files.exists(spoolFolder())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(spoolFolder())) {
      return files.toList();
    }
  }

  private long increments() throws Exception {
    try (Stream<Path> files = Files.walk(folder.resolve("disk"))) {
      return files.filter(it -> it.toString().contains("-000")).count();
    }
  }

  @Test
  void goesOnAfterARestartOfTheServerAndWhileAStorageIsAway() throws Exception {
    Process stream = stream();
    write(1);
    awaitStored("disk", flushed());
    awaitStored("remote", flushed());
    Files.move(folder.resolve("remote"), folder.resolve("unplugged"));

    primary.stop();
    primary.startServer();
    write(2);
    awaitStored("disk", flushed());
    Files.move(folder.resolve("unplugged"), folder.resolve("remote"));
    awaitStored("remote", flushed());
    Programs.Result stopped = Shop.signal(stream, "TERM");

    assertThat(stopped.exitCode()).as(stopped.stderr()).isZero();
    assertThat(stopped.stderr())
        .contains("disconnected", "storage failed", "takes the log again", "all that came in");
    assertNoGap();
    assertThat(assertSameAsTheServers("remote")).isGreaterThan(2);
  }

  @Test
  void goesOnOnceThereIsRoomAgainForItsSpool() throws Exception {
    assumeThat(System.getProperty("user.name")).as("who may mount").isEqualTo("root");
    Path disk = Files.createDirectory(folder.resolve("state"));
    Programs.run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk.toString());
    try {
      Process stream = stream();
      write(1);
      awaitStored("disk", flushed());
      Programs.run("sh", "-c", "cat /dev/zero >%s/filler || true".formatted(disk));
      write(3);
      Lsn written = flushed();
      Shop.await(() -> value("select active from pg_replication_slots").equals("f"));
      assertThat(hasSafely(confirmed())).isTrue();
      Instant full = Instant.now();
      Shop.await(() -> Instant.now().isAfter(full.plusSeconds(5))); // its status is due meanwhile
      assertThat(stream.isAlive()).isTrue();
      assertThat(reach("disk")).isLessThan(written);

      Files.delete(disk.resolve("filler"));
      awaitStored("disk", written);
      awaitStored("remote", written);
      Programs.Result stopped = Shop.signal(stream, "TERM");

      assertThat(stopped.exitCode()).as(stopped.stderr()).isZero();
      assertThat(stopped.stderr()).contains("No space left", "all that came in is stored");
      assertNoGap();
      assertThat(assertSameAsTheServers("remote")).isGreaterThan(3);
    } finally {
      streams.forEach(stream -> stream.destroyForcibly().onExit().join());
      Programs.run("umount", disk.toString());
    }
  }

  @Test
  void goesOnAfterACutOfTheNetworkAndNoticesAConnectionThatSwallowsEverything() throws Exception {
    int port = freePort();
    writePlan(port, "500ms", false);
    Process network = network(port);
    try {
      Process stream = stream();
      write(1);
      awaitStored("disk", flushed());

      send("KILL", connections(network));
      network.destroyForcibly().waitFor();
      write(1);
      network = network(port);
      awaitStored("disk", flushed());

      String before = value("select active_pid from pg_replication_slots");
      send("STOP", connections(network)); // those that are made from now on work
      write(1);
      Shop.await(() -> !value("select active_pid from pg_replication_slots").equals(before));
      awaitStored("disk", flushed());
      Programs.Result stopped = Shop.signal(stream, "TERM");

      assertThat(stopped.exitCode()).as(stopped.stderr()).isZero();
      assertThat(Pattern.compile("disconnected").matcher(stopped.stderr()).results().count())
          .as(stopped.stderr())
          .isGreaterThanOrEqualTo(2);
      assertNoGap();
      assertThat(assertSameAsTheServers("disk")).isGreaterThan(2);
    } finally {
      send("KILL", connections(network));
      network.destroyForcibly();
    }
  }

  /** What lies between the stream and the server: a process for each connection. */
  private Process network(int port) throws Exception {
    String from = "TCP-LISTEN:%d,bind=127.0.0.1,reuseaddr,fork".formatted(port);
    Process network =
        new ProcessBuilder("socat", from, "TCP:127.0.0.1:" + server.port())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Shop.await(
        () -> {
          try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
          } catch (ConnectException e) {
            return false;
          }
        });
    return network;
  }

  private static List<Long> connections(Process network) {
    return network.descendants().map(ProcessHandle::pid).toList();
  }

  private static void send(String signal, List<Long> processes) {
    String all = processes.stream().map(String::valueOf).collect(joining(" "));
    Programs.run("sh", "-c", "kill -%s %s || true".formatted(signal, all));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void goesOnAcrossPromotionsOfStandbysWhetherBehindOrStreaming() throws Exception {
    try (HostPostgres old = HostPostgres.start(Map.of("fsync", "off", "wal_keep_size", "1GB"))) {
      server = old;
      writePlan("500ms", false);
      try (HostPostgres standby = old.startStandby()) {
        write(1);
        catchUp().requireSuccess();
        write(3);
        Lsn last = flushed();
        server = standby;
        Shop.await(() -> !Lsn.parse(value("select pg_last_wal_replay_lsn()")).isBefore(last));
        old.kill();
        standby.promote();
        write(1);
        writePlan("500ms", false);

        catchUp().requireSuccess();

        assertNoGap();
        WalCoverage coverage = archive("disk").coverage();
        assertThat(coverage.end(1))
            .hasValueSatisfying(end -> assertThat(end).isGreaterThanOrEqualTo(last));
        assertThat(reach("disk")).isGreaterThanOrEqualTo(last);
        assertThat(coverage.newestFrom(1)).isEqualTo(2);
        assertThat(assertSameAsTheServers("disk")).isGreaterThan(4);

        standby.runAsServer("createdb", "shop");
        try (HostPostgres second = standby.startStandby()) {
          write(1); // its files begin where it was copied
          catchUp().requireSuccess();
          server = second;
          writePlan("500ms", false);
          Process stream = stream();
          Shop.await(() -> value("select active from pg_replication_slots").equals("t"));
          second.promote();
          write(1);
          awaitStored("disk", flushed());
          String canaries = "select count(*) from pg_class where relname = 'canary'";
          Shop.await(() -> second.sql("shop", canaries).equals("1"));
          Programs.Result stopped = Shop.signal(stream, "TERM");

          assertThat(stopped.exitCode()).as(stopped.stderr()).isZero();
          assertThat(stopped.stderr()).containsOnlyOnce("it is in recovery");
          assertThat(archive("disk").coverage().newestFrom(1)).isEqualTo(3);
          assertNoGap();
          assertSameAsTheServers("disk");
        }
      }
    }
  }

  @Test
  void commitThatWaitedIsInTheFirstStorageAndWaitsNoLongerOnceThatIsOff() throws Exception {
    writePlan("1h", true);
    Process stream = stream();
    try {
      Shop.await(() -> value("select sync_state from pg_stat_replication").equals("sync"));
      value("select pg_logical_emit_message(true, 'drp', repeat('z', 100))");
      Lsn committed = flushed();
      assertThat(reach("disk")).isGreaterThanOrEqualTo(committed);

      AtomicLong acknowledged = new AtomicLong();
      Thread commits = new Thread(() -> commitUntilOneWaits(acknowledged), "commits");
      commits.setDaemon(true);
      commits.start();
      Shop.await(() -> acknowledged.get() != 0);
      Shop.signal(stream, "KILL");
      commits.join();
      assertThat(reach("disk"))
          .as("with what was acknowledged last")
          .isGreaterThan(new Lsn(acknowledged.get()));
      Process waiting =
          primary.startAsServer("psql", "-d", "postgres", "-c", "create table waiting()");
      Shop.await(
          () ->
              value("select count(*) from pg_stat_activity where wait_event = 'SyncRep'")
                  .equals("1"));
      cli().run(Shop.withState("wal", "sync", "off", "production")).requireSuccess();

      assertThat(waiting.waitFor()).isZero();
    } finally {
      stream.destroyForcibly();
      primary.runAsServer(
          "psql",
          "-d",
          "postgres",
          "-c",
          "alter system reset synchronous_standby_names",
          "-c",
          "select pg_reload_conf()",
          "-c",
          "drop table if exists waiting");
    }
  }

  /** Remembers where the last commit ends, but for its own record, that was acknowledged. */
  private void commitUntilOneWaits(AtomicLong acknowledged) {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(5);
      while (true) {
        String sql = "select pg_logical_emit_message(true, 'drp', repeat('z', 1000))";
        try (ResultSet result = statement.executeQuery(sql)) {
          if (statement.getWarnings() != null) {
            return; // it waited, and the time limit ended that: committed, but nowhere else
          }
          result.next();
          acknowledged.set(Lsn.parse(result.getString(1)).value());
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void canaryIsWrittenInOnePlaceAlsoWhereCommitsWaitForTheStream() throws Exception {
    primary.runAsServer("dropdb", "--if-exists", "--force", "shop");
    writePlan("500ms", true);
    Process stream = stream();
    try {
      Shop.await(() -> value("select sync_state from pg_stat_replication").equals("sync"));
      primary.runAsServer("createdb", "shop");
      Shop.await(() -> updates() > 0);
      long before = updates();
      Shop.await(() -> updates() > before + 3);
      assertThat(ofShop("select count(*), pg_relation_size('drp.canary') from drp.canary"))
          .isEqualTo("1|8192");
      assertThat(ofShop("select writer from drp.canary")).contains("drp wal stream production");

      primary.stop();
      primary.startServer();
      long after = updates();
      Shop.await(() -> updates() > after);
      Programs.Result stopped = Shop.signal(stream, "TERM");

      assertThat(stopped.exitCode()).as(stopped.stderr()).isZero();
      assertThat(stopped.stderr())
          .containsOnlyOnce("has no database shop")
          .contains("the canary in database shop is written");
    } finally {
      stream.destroyForcibly();
      cli().run(Shop.withState("wal", "sync", "off", "production")).requireSuccess();
      primary.runAsServer("dropdb", "--force", "shop");
    }
  }

  /** How often the canary was changed where it stands. */
  private long updates() {
    String updates =
        ofShop(
            "select coalesce((select n_tup_hot_upd from pg_stat_all_tables"
                + " where schemaname = 'drp' and relname = 'canary'), 0)");
    return Long.parseLong(updates);
  }

  private static String ofShop(String sql) {
    return primary.sql("shop", sql);
  }

  @Test
  void slotThatTheServerHasGivenUpIsToldAsAGap() throws Exception {
    write(1);
    catchUp().requireSuccess();
    Lsn before = reach("disk");
    try {
      primary.runAsServer(
          "psql",
          "-d",
          "postgres",
          "-c",
          "alter system set max_slot_wal_keep_size = '16MB'",
          "-c",
          "alter system set wal_keep_size = 0",
          "-c",
          "alter system set max_wal_size = '32MB'",
          "-c",
          "alter system set min_wal_size = '32MB'",
          "-c",
          "select pg_reload_conf()");
      write(5);
      primary.runAsServer("psql", "-d", "postgres", "-c", "checkpoint");
      Shop.await(() -> value("select wal_status from pg_replication_slots").equals("lost"));
      Programs.Result seen = cli().run(Shop.withState("wal", "check", "production"));
      assertThat(seen.exitCode()).isEqualTo(4);
      assertThat(seen.stdout()).contains("given up");

      Programs.Result result = catchUp().requireSuccess();

      assertThat(result.stderr()).contains("drp backup production --kind physical");
      WalCoverage coverage = archive("remote").coverage();
      assertThat(coverage.gaps())
          .singleElement()
          .satisfies(
              gap -> {
                assertThat(gap.from()).isEqualTo(before);
                assertThat(gap.to()).isGreaterThan(before);
                assertThat(coverage.reach(gap.to(), 1).to()).isGreaterThan(gap.to());
              });
      Programs.Result status =
          cli().run(Shop.withState("--output", "json", "wal", "status", "production"));
      assertThat(status.stdout()).contains("\"from\": \"" + before + "\"");
      assertThat(new String(explanationOfGap(), UTF_8)).contains("--kind physical");
    } finally {
      primary.runAsServer(
          "psql",
          "-d",
          "postgres",
          "-c",
          "alter system reset max_slot_wal_keep_size",
          "-c",
          "alter system set wal_keep_size = '1GB'",
          "-c",
          "alter system set max_wal_size = '1GB'",
          "-c",
          "select pg_reload_conf()");
    }
  }

  @Test
  void statusCountsTheLogOfAnIdleServerUntilTheStreamDies() throws Exception {
    primary.runAsServer("createdb", "shop");
    Process stream = stream();
    Shop.await(() -> reach("disk").isBefore(new Lsn(-1)) && !spool().isEmpty());
    cli().run(Shop.withState("backup", "production", "--kind", "physical")).requireSuccess();

    Shop.await(() -> status().contains("\"recoveryPointBy\": \"LOG\""));
    assertThat(status()).doesNotContain("\"kind\": \"LOG\"");
    Lsn idle = flushed();
    Instant known = completeUntil();
    Shop.await(() -> completeUntil().isAfter(known.plusSeconds(12))); // nothing but signs of life
    assertThat(flushed().minus(idle)).as("log that an idle server writes").isLessThan(1 << 20);
    assertThat(status()).contains("\"recoveryPointBy\": \"LOG\"");

    Shop.signal(stream, "KILL");
    assertThat(status()).contains("\"recoveryPointBy\": \"BACKUP\"", "drp wal stream production");
  }

  private String status() {
    return cli().run(Shop.withState("--output", "json", "status")).stdout();
  }

  private Instant completeUntil() {
    String status =
        cli().run(Shop.withState("--output", "json", "wal", "status", "production")).stdout();
    return Pattern.compile("\"completeUntil\": \"([^\"]+)\"")
        .matcher(status)
        .results()
        .map(it -> Instant.parse(it.group(1)))
        .max(Comparator.naturalOrder())
        .orElse(Instant.EPOCH);
  }

  private byte[] explanationOfGap() throws Exception {
    try (Stream<Path> files = Files.walk(folder.resolve("disk"))) {
      return Files.readAllBytes(
          files.filter(it -> it.toString().contains("-GAP-")).findFirst().orElseThrow());
    }
  }
}
