package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.DatabaseServer;
import dev.drp.database.Lsn;
import dev.drp.database.WalSlot;
import dev.drp.database.WalSource;
import dev.drp.database.WalStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PostgresWalTest {
  private static final String SLOT = "drp_test";
  private static final int SEGMENT = 16 << 20;

  private final TestCluster cluster = TestCluster.shared();
  private final DatabaseServer server = cluster.connect();
  private final WalSource wal = server.openWal(SLOT);

  @AfterEach
  void close() throws Exception {
    for (int i = 0; wal.slot(SLOT).map(WalSlot::active).orElse(false); i++) {
      assertThat(i).as("the server sees that a stream has ended").isLessThan(300);
      Thread.sleep(50);
    }
    wal.dropSlot(SLOT);
    wal.close();
    server.close();
  }

  private void write() {
    cluster.execute(
        "postgres", "SELECT pg_logical_emit_message(false, 'drp', repeat('x', 300000))");
  }

  private static void assertCode(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(RecoveryException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining("HINT:");
  }

  @Test
  void streamsWhatTheServerHasInItsFilesAndTheSlotFollowsWhatIsConfirmed() throws Exception {
    Lsn kept = wal.createSlot(SLOT).keptFrom().orElseThrow();
    Lsn from = new Lsn(kept.value() / SEGMENT * SEGMENT);
    write();
    WalSource.WalPosition position = wal.position();
    assertThat(position.systemIdentifier()).isEqualTo(server.facts().systemIdentifier());

    ByteArrayOutputStream received = new ByteArrayOutputStream();
    Lsn next = from;
    try (WalStream stream = wal.stream(SLOT, position.timeline(), from)) {
      while (next.isBefore(position.flushed())) {
        WalStream.Message message = stream.next();
        assertThat(message.start()).isEqualTo(next);
        byte[] data = new byte[message.data().remaining()];
        message.data().get(data);
        received.write(data);
        next = next.plus(data.length);
      }
      assertThat(wal.slot(SLOT).orElseThrow().active()).isTrue();
      assertCode(ErrorCode.LOCKED, () -> wal.stream(SLOT, position.timeline(), from));
      assertCode(ErrorCode.LOCKED, () -> wal.dropSlot(SLOT));
      stream.confirm(next);
      while (!wal.slot(SLOT).orElseThrow().keptFrom().orElseThrow().equals(next)) {
        Thread.sleep(20);
      }
    }

    byte[] all = received.toByteArray();
    String name =
        cluster.value(
            "postgres", "SELECT pg_walfile_name('%s'::pg_lsn + 1)".formatted(from.toString()));
    byte[] file = Files.readAllBytes(Path.of(cluster.data(), "pg_wal", name));
    int bytes = Math.min(all.length, SEGMENT);
    assertThat(Arrays.copyOf(all, bytes)).isEqualTo(Arrays.copyOf(file, bytes));
  }

  @Test
  void logThatTheServerHasRemovedIsSaidToBe() {
    wal.createSlot(SLOT);
    for (int i = 0; i < 4; i++) {
      cluster.execute("postgres", "CREATE TABLE switched(); DROP TABLE switched");
      cluster.execute("postgres", "SELECT pg_switch_wal()");
      wal.dropSlot(SLOT);
      cluster.execute("postgres", "CHECKPOINT");
    }
    wal.createSlot(SLOT);

    assertCode(
        ErrorCode.WAL_REMOVED,
        () -> {
          try (WalStream stream = wal.stream(SLOT, 1, Lsn.parse("0/1000000"))) {
            stream.next();
          }
        });
  }

  @Test
  void slotIsMadeOnceAndGoneAfterItWasDropped() {
    WalSlot slot = wal.createSlot(SLOT);

    assertThat(slot.active()).isFalse();
    assertThat(slot.lost()).isFalse();
    assertThat(slot.bytesLeft()).as("the server never gives it up").isEmpty();
    assertCode(ErrorCode.REFUSED, () -> wal.createSlot(SLOT));
    wal.dropSlot(SLOT);
    wal.dropSlot(SLOT);
    assertThat(wal.slot(SLOT)).isEmpty();
  }

  @Test
  void closingEndsAWaitForMore() {
    WalSlot slot = wal.createSlot(SLOT);
    WalStream stream = wal.stream(SLOT, 1, slot.keptFrom().orElseThrow());
    CompletableFuture<Void> reader =
        CompletableFuture.runAsync(
            () -> {
              while (true) {
                stream.next();
              }
            });

    stream.close();

    assertThat(reader)
        .failsWithin(Duration.ofMinutes(1))
        .withThrowableThat()
        .havingRootCause()
        .isInstanceOf(Exception.class);
  }

  @Test
  void unknownTimelineIsNotFoundAndTheFirstHasNoHistory() {
    assertThat(wal.history(1).ancestors()).isEmpty();
    assertCode(ErrorCode.OBJECT_NOT_FOUND, () -> wal.history(77));
  }

  @Test
  void commitsWaitForUsOnlyWhereTheyWaitForNobodyElse() throws Exception {
    try {
      wal.waitForUs(true);
      awaitSetting("\"" + SLOT + "\"");
      assertThat(wal.waitsForUs()).isTrue();
      wal.waitForUs(false);
      awaitSetting("");

      cluster.execute("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'other'");
      cluster.execute("postgres", "SELECT pg_reload_conf()");
      awaitSetting("other");
      assertCode(ErrorCode.REFUSED, () -> wal.waitForUs(true));
      wal.waitForUs(false);
      assertThat(cluster.value("postgres", "SHOW synchronous_standby_names")).isEqualTo("other");
    } finally {
      cluster.execute("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
      cluster.execute("postgres", "SELECT pg_reload_conf()");
    }
  }

  private void awaitSetting(String value) throws Exception {
    while (!cluster.value("postgres", "SHOW synchronous_standby_names").equals(value)) {
      Thread.sleep(20);
    }
  }
}
