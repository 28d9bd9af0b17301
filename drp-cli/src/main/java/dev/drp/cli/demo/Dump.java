package dev.drp.cli.demo;

import dev.drp.backup.BackupManifest;
import dev.drp.database.DatabaseConnector;
import dev.drp.database.ThrowawayServer;
import dev.drp.plan.BackupKind;
import dev.drp.procedure.RestoreDatabase;
import dev.drp.procedure.RestoreRequest;
import dev.drp.recovery.RecoveryPlan;
import java.time.Instant;

/** A logical backup: what is written after it is lost. */
final class Dump implements Protection {
  private final DemoServers servers;
  private final Tools tools;

  Dump(DemoServers servers, Tools tools) {
    this.servers = servers;
    this.tools = tools;
  }

  @Override
  public BackupManifest protect(DatabaseConnector primary) {
    return tools.backUp(primary, BackupKind.LOGICAL);
  }

  @Override
  public Recovery recover(Instant impact) {
    ThrowawayServer standIn = servers.start("demo-recovery");
    try {
      RecoveryPlan restore =
          new RestoreDatabase(
                  tools.plan(),
                  any -> new BorrowedServer(standIn.server()),
                  tools.catalog(),
                  tools.localCatalog(),
                  tools.reader(),
                  tools.clock())
              .plan(Demo.ENVIRONMENT, RestoreRequest.NEWEST.withImpact(impact));
      return new Recovery(standIn, tools.execute(restore));
    } catch (RuntimeException e) {
      standIn.close();
      throw e;
    }
  }

  @Override
  public void close() {}
}
