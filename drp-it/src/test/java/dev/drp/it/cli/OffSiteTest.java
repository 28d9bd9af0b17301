package dev.drp.it.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.drp.it.support.Programs;
import dev.drp.it.support.WithShop;
import dev.drp.transfer.Sshd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A copy on another machine, over SFTP, through the command line. */
class OffSiteTest extends WithShop {
  private Sshd sshd;

  @BeforeEach
  void startServer() throws IOException {
    sshd = Sshd.start(Files.createDirectory(folder.resolve("sshd")));
    Path plan = folder.resolve("drp.yaml");
    String storages =
        """
        storages:
          local: { directory: %s }
          offsite:
            sftp: %s@127.0.0.1:%d
            path: %s
            known-hosts: %s
            key: %s
            bandwidth: 100MB/s
            off-site: true
        backups:
          every-6h: { environment: production, kind: logical, every: 6h, keep: 7d, to: [local, offsite] }
        """
            .formatted(
                shop.storage(),
                Sshd.user(),
                sshd.port(),
                folder.resolve("offsite"),
                sshd.knownHosts(),
                sshd.clientKey());
    Files.writeString(plan, Files.readString(plan).replaceFirst("(?m)^storages: .*\\n", storages));
  }

  @AfterEach
  void stopServer() {
    sshd.close();
  }

  @Test
  void survivesTheLossOfEverythingThatIsNear() throws IOException {
    String backup = shop.backUp();
    JsonNode copies = json("backups").path("backups").path(0).path("copies");
    assertThat(copies).hasSize(2);
    assertThat(copies.path(1).path("place").asText()).startsWith("sftp://").contains("127.0.0.1");
    assertThat(copies).allMatch(copy -> copy.path("state").asText().equals("VERIFIED"));
    JsonNode newest = json("status").path("environments").path(0).path("newestVerified");
    assertThat(newest.path("offSite").asBoolean()).isTrue();

    remove(shop.storage());

    shop.drp("backups", "verify", "production").requireSuccess();
    JsonNode drill = json("drill", "restore", "production");
    assertThat(drill.path("outcome").asText()).isEqualTo("PASSED");
    assertThat(drill.path("backup").asText()).isEqualTo(backup);
  }

  @Test
  void catchesUpWhenTheOtherMachineIsBack() throws IOException {
    sshd.stop();
    Programs.Result alone = shop.drp("backup", "production");
    assertThat(alone.exitCode()).isEqualTo(3);
    assertThat(alone.stdout()).contains("is verified", "not copied to", "cannot connect to");
    assertThat(offSiteRecoveryPoint().isNull()).isTrue();

    sshd.start();

    assertThat(json("backups", "copy").path("copies").path(0).path("copied")).hasSize(1);
    assertThat(offSiteRecoveryPoint().isNumber()).isTrue();
    assertThat(shop.drp("backups", "copy").requireSuccess().stdout())
        .contains("no storage lacks a backup");
  }

  @Test
  void saysThatTheOtherMachineIsNotTheOneThatItWas() throws IOException {
    sshd.expectAnotherHostKey();

    Programs.Result result = shop.drp("backup", "production");

    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.stdout())
        .contains("is verified", "not copied to", "another host key than it should");
  }

  private JsonNode offSiteRecoveryPoint() throws IOException {
    JsonNode environment = json("status").path("environments").path(0);
    return environment.path("offSiteRecoveryPoint").path("actualSeconds");
  }

  private JsonNode json(String... arguments) throws IOException {
    List<String> all = Stream.concat(Stream.of("--output", "json"), Stream.of(arguments)).toList();
    Programs.Result result = shop.drp(all.toArray(String[]::new));
    return new ObjectMapper().readTree(result.stdout());
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
