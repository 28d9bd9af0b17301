package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DebianClustersTest {
  @TempDir private Path folder = Path.of("");

  private void cluster(String version, String name, String settings) throws IOException {
    Path at = Files.createDirectories(folder.resolve(version).resolve(name));
    Files.writeString(at.resolve("postgresql.conf"), settings);
  }

  private Optional<String> onPort(int port) {
    return new DebianClusters(folder).onPort(port).map(it -> it.version() + "/" + it.name());
  }

  @Test
  void findsAClusterByItsPortOrDirectoryAsTheSettingsThatCountSay() throws IOException {
    cluster(
        "15",
        "main",
        """
        #data_directory = '/nowhere'
        data_directory = '/var/lib/postgresql/15/main'\t\t# use data in another directory
        port = 5432
        port = 5433 # the last one counts
        """);
    cluster("17", "other", "data_directory = '/srv/17'\n");

    assertThat(onPort(5433)).contains("15/main");
    assertThat(onPort(5432)).as("the port of one that names none").contains("17/other");
    assertThat(onPort(5434)).isEmpty();
    DebianClusters.Cluster found =
        new DebianClusters(folder)
            .withDirectory(Path.of("/var/lib/postgresql/15/main"))
            .orElseThrow();
    assertThat(found.control("start")).containsExactly("pg_ctlcluster", "15", "main", "start");
    assertThat(found.control("stop"))
        .containsExactly("pg_ctlcluster", "--mode", "fast", "15", "main", "stop");
  }

  @Test
  void takesNoneWhereSeveralFitOrThereIsNothing() throws IOException {
    assertThat(new DebianClusters(folder.resolve("absent")).onPort(5432)).isEmpty();
    cluster("15", "main", "data_directory = '/srv/15'\n");
    cluster("17", "main", "data_directory = '/srv/17'\n");
    assertThat(onPort(5432)).isEmpty();
  }
}
