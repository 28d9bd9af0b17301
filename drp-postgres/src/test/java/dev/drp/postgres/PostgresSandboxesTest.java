package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.database.SandboxRequest;
import dev.drp.database.SqlSession;
import dev.drp.database.ThrowawayServer;
import dev.drp.runtime.ImageIdentity;
import dev.drp.runtime.LocalCommandRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("postgres")
class PostgresSandboxesTest {
  private final String owner = "test-" + UUID.randomUUID();
  private Path folder = Path.of("");

  @BeforeEach
  void makeFolder() throws IOException {
    folder =
        Files.createTempDirectory(
            "drp-test",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
  }

  @AfterEach
  void removeFolder() throws IOException {
    Files.delete(folder);
  }

  @Test
  void startsAServerThatNobodyElseReachesAndLeavesNothing() throws IOException {
    ThrowawayServer sandbox = sandboxes().start(request(TestCluster.MAJOR, Optional.empty()));

    assertThat(sandbox.description()).startsWith("local PostgreSQL " + TestCluster.MAJOR);
    assertThat(sandbox.sameImage()).isFalse();
    assertThat(sandbox.server().facts().majorVersion()).isEqualTo(TestCluster.MAJOR);
    try (SqlSession session = sandbox.openSession("postgres")) {
      session.execute("CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 3)");
      assertThat(session.value("SELECT count(*) FROM t")).contains("3");
      assertThat(session.value("SHOW listen_addresses")).contains("");
    }
    assertThat(entries())
        .singleElement()
        .satisfies(
            path ->
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rwx------"));

    assertThat(sandbox.remove()).isEmpty();
    assertThat(sandbox.remove()).isEmpty();
    assertThat(entries()).isEmpty();
  }

  @Test
  void findsWhatACrashLeft() throws IOException {
    ThrowawayServer sandbox = sandboxes().start(request(TestCluster.MAJOR, Optional.empty()));
    SqlSession session = sandbox.openSession("postgres");

    assertThat(sandboxes().removeLeftovers("another-owner")).isEmpty();
    assertThat(session.value("SELECT 1")).contains("1");

    assertThat(sandboxes().removeLeftovers(owner)).isEmpty();
    assertThat(entries()).isEmpty();
    assertThatThrownBy(() -> session.value("SELECT 1")).isInstanceOf(RecoveryException.class);
  }

  @Test
  void takesLocalProgramsWhereTheEngineIsNotThereAndSaysWhenTheyDoNotFit() throws IOException {
    Optional<ImageIdentity> image =
        Optional.of(new ImageIdentity("postgres:15", "sha256:1", List.of()));
    try (ThrowawayServer sandbox = sandboxes().start(request(TestCluster.MAJOR, image))) {
      assertThat(sandbox.sameImage()).isFalse();
    }

    assertThatThrownBy(() -> sandboxes().start(request(99, image)))
        .isInstanceOfSatisfying(
            RecoveryException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.VERSION_MISMATCH))
        .hasMessageContaining("postgres:15")
        .hasMessageContaining("PostgreSQL 99");
    assertThat(entries()).isEmpty();
  }

  private SandboxRequest request(int major, Optional<ImageIdentity> image) {
    return new SandboxRequest(owner, major, image, "the admin");
  }

  private PostgresSandboxes sandboxes() {
    return new PostgresSandboxes(
        () -> {
          throw new RecoveryException(
              ErrorCode.ENGINE_UNAVAILABLE, "no engine here", "there is nothing to do.");
        },
        new LocalCommandRunner(),
        Clock.systemUTC(),
        folder);
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.toList();
    }
  }
}
