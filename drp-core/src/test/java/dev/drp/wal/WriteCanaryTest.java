package dev.drp.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.Canary;
import dev.drp.database.FakeDatabaseServer;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WriteCanaryTest {
  private static final Duration EVERY = Duration.ofMillis(20);

  private final FakeDatabaseServer server = new FakeDatabaseServer(Clock.systemUTC());
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final AtomicInteger refusals = new AtomicInteger();
  private final WriteCanary canary =
      new WriteCanary(
          () -> {
            if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
              throw failure(ErrorCode.DATABASE_UNAVAILABLE, "it is down");
            }
            return server;
          },
          "shop",
          EVERY,
          "a test",
          (kind, text) -> events.add(kind + " " + text));

  @BeforeEach
  void aDatabase() {
    server.createDatabase("shop");
  }

  @AfterEach
  void end() {
    canary.close();
  }

  private static RecoveryException failure(ErrorCode code, String problem) {
    return new RecoveryException(code, problem, "look.");
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 3000 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private Optional<Canary> written() {
    return server.canary("shop");
  }

  @Test
  void writesOneCanaryAgainAndAgainOverOneSession() throws Exception {
    canary.start();
    await(() -> written().isPresent());
    Canary first = written().orElseThrow();

    await(() -> written().orElseThrow().writtenAt().isAfter(first.writtenAt()));

    assertThat(first.every()).isEqualTo(EVERY);
    assertThat(first.writer()).isEqualTo("a test");
    assertThat(server.calls()).containsOnlyOnce("openCanary");
    assertThat(events).containsExactly("CANARY the canary in database shop is written");
  }

  @Test
  void tellsOnceThatTheServerIsDownAndOnceThatItIsBack() throws Exception {
    refusals.set(3);
    canary.start();

    await(() -> events.size() == 2);

    assertThat(events.get(0)).contains("cannot be written: it is down");
    assertThat(events.get(1)).endsWith("is written");
    assertThat(refusals).hasValue(0);
  }

  @Test
  void tellsAnotherReasonAndOpensAnotherSession() throws Exception {
    refusals.set(1);
    server.failNext("openCanary", failure(ErrorCode.DATABASE_ACCESS_DENIED, "no privilege"));
    canary.start();
    await(() -> written().isPresent());

    server.failNext("writeCanary", failure(ErrorCode.DATABASE_UNAVAILABLE, "the server stops"));
    await(() -> events.size() == 5);

    assertThat(events)
        .extracting(it -> it.replaceAll("^.*written: |; it is.*|.* shop ", ""))
        .containsExactly(
            "it is down", "no privilege", "is written", "the server stops", "is written");
    assertThat(server.calls()).filteredOn("openCanary"::equals).hasSize(3);
  }

  @Test
  void endsItsSession() throws Exception {
    canary.start();
    await(() -> written().isPresent());

    canary.close();

    assertThat(server.calls()).contains("closeCanary");
  }
}
