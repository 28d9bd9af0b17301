package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.drp.database.DatabaseServer;
import dev.drp.database.RestoreTarget;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("postgres")
class SalvageTest {
  @Test
  void dumpsTheRestWhenATableCannotBeRead() throws IOException {
    try (TestCluster cluster = TestCluster.start("fsync = off")) {
      cluster.execute("postgres", "CREATE DATABASE hurt");
      cluster.execute(
          "hurt",
          """
          CREATE TABLE good AS SELECT g FROM generate_series(1, 10) g;
          CREATE TABLE "bad 'one'" AS SELECT g FROM generate_series(1, 1000) g\
          """);
      cluster.execute("hurt", "CHECKPOINT");
      String file = cluster.value("hurt", "SELECT pg_relation_filepath('\"bad ''one''\"')");
      cluster.stop();
      damage(Path.of(cluster.data()).resolve(file));
      cluster.start();

      ByteArrayOutputStream dump = new ByteArrayOutputStream();
      try (DatabaseServer server = cluster.connect()) {
        List<String> lost = server.dumpWhatCanBeRead("hurt", dump);
        RestoreTarget target = server.restoreTarget();
        target.create("copy", server.describe("hurt").properties(), "mark");
        target.load("copy", new ByteArrayInputStream(dump.toByteArray()), 1, bytes -> {});

        assertThat(lost).singleElement().asString().contains("bad 'one'").contains("invalid page");
      }
      assertThat(cluster.value("copy", "SELECT count(*) FROM good")).isEqualTo("10");
      assertThat(cluster.value("copy", "SELECT count(*) FROM \"bad 'one'\"")).isEqualTo("0");
    }
  }

  private static void damage(Path file) throws IOException {
    byte[] page = Files.readAllBytes(file);
    Arrays.fill(page, 0, 64, (byte) 0x5a);
    Files.write(file, page);
  }
}
