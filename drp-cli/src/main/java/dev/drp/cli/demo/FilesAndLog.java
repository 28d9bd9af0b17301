package dev.drp.cli.demo;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.backup.BackupManifest;
import dev.drp.backup.Coding;
import dev.drp.database.DatabaseConnector;
import dev.drp.plan.BackupKind;
import dev.drp.procedure.RestoreRequest;
import dev.drp.procedure.RestoreServer;
import dev.drp.recovery.Execution;
import dev.drp.wal.StreamWal;
import dev.drp.wal.WalEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A physical backup and the streamed log, as another machine than the server's would keep them:
 * what had arrived there before the disaster comes back.
 */
final class FilesAndLog implements Protection {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final StandIn standIn;
  private final Tools tools;
  private final CountDownLatch streams = new CountDownLatch(1);
  private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
  private @Nullable Thread streaming;

  FilesAndLog(DemoServers servers, Tools tools) {
    this.standIn = new StandIn(servers);
    this.tools = tools;
  }

  @Override
  public BackupManifest protect(DatabaseConnector primary) {
    StreamWal stream =
        new StreamWal(
            primary,
            List.of(tools.storage()),
            Coding.plain(tools.compression()),
            tools.state(),
            tools.clock(),
            this::hear);
    Thread thread = new Thread(() -> run(stream), "demo stream");
    thread.setDaemon(true);
    thread.start();
    streaming = thread;
    awaitStream();
    return tools.backUp(primary, BackupKind.PHYSICAL);
  }

  private void run(StreamWal stream) {
    try {
      stream.stream(tools.plan().application(), tools.environment(), StreamWal.Until.INTERRUPTED);
    } catch (RuntimeException e) {
      failure.set(e);
      streams.countDown();
    }
  }

  private void hear(WalEvent event) {
    if (event.kind() == WalEvent.Kind.STREAMING) {
      streams.countDown();
    }
  }

  private void awaitStream() {
    try {
      boolean began = streams.await(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      RuntimeException problem = failure.get();
      if (problem != null) {
        throw problem;
      }
      if (!began) {
        throw new RecoveryException(
            ErrorCode.TIMED_OUT,
            "the demo's server did not stream its log within %d s".formatted(PATIENCE.toSeconds()),
            "is this machine very busy? Run the demo again.");
      }
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("waiting for the log's stream", e);
    }
  }

  @Override
  public Recovery recover(Instant impact) {
    endStream();
    RestoreServer restore =
        new RestoreServer(
            tools.plan(),
            standIn,
            standIn,
            tools.catalog(),
            tools.localCatalog(),
            tools.reader(),
            tools.state(),
            tools.clock());
    Execution execution =
        tools.execute(restore.plan(Demo.ENVIRONMENT, RestoreRequest.NEWEST.withImpact(impact)));
    return new Recovery(standIn.recovered(), execution);
  }

  /** What has come in is shipped first. */
  private void endStream() {
    Thread thread = streaming;
    if (thread == null) {
      return;
    }
    thread.interrupt();
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      throw RecoveryException.interrupted("ending the log's stream", e);
    }
  }

  @Override
  public void close() {
    endStream();
    standIn.remove();
  }
}
