package dev.drp.it.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("docker")
class SecondHostTest {
  private static final String MARK = "DRP_IT_SECOND_HOST";

  @TempDir private Path folder;

  @Test
  void hasNothingOfThisMachineButItsFilesAndLeavesNothingBehind() throws Exception {
    String image = TestImages.postgres();
    Path stored = folder.resolve("host");
    String mark = UUID.randomUUID().toString();
    try (SecondHost host = SecondHost.start(stored)) {
      assertThat(host.run("docker", "image", "ls", "--quiet").stdout()).isEmpty();
      assertThat(host.run("docker", "info", "--format={{.ID}}").stdout())
          .isNotEqualTo(Programs.run("docker", "info", "--format={{.ID}}").stdout());

      String variable = MARK + "=" + mark;
      host.load(image);
      host.run(
          "docker", "run", "--detach", "--name=one", "--env", variable, image, "sleep", "infinity");
      assertThat(Programs.running(MARK, mark)).hasSize(1);
      assertThat(Programs.run("docker", "ps", "--all", "--quiet", "--filter=name=one").stdout())
          .isEmpty();

      host.stopEngine();
      assertThatThrownBy(() -> host.run("docker", "ps")).hasMessageContaining("Cannot connect");
      Programs.run("docker", "ps");
      assertThat(Programs.running(MARK, mark)).isEmpty();
      host.startEngine();
      assertThat(host.run("docker", "ps", "--all", "--format={{.Names}}").stdout())
          .isEqualTo("one\n");
      host.run("docker", "start", "one");
    }

    assertThat(Programs.running(MARK, mark)).isEmpty();
    assertThat(stored).doesNotExist();
  }
}
