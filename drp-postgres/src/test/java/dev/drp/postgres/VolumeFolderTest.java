package dev.drp.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.drp.RecoveryException;
import dev.drp.runtime.Command;
import dev.drp.runtime.CommandRunner;
import dev.drp.runtime.Container;
import dev.drp.runtime.LocalCommandRunner;
import dev.drp.runtime.RunningCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeFolderTest {
  /** Where the container sees the volume. */
  private static final String MOUNTED = "/data";

  private static final int OWNER = 54321;

  private final CommandRunner host = new LocalCommandRunner();

  @TempDir private Path volume = Path.of("");

  @BeforeEach
  void makeFolder() throws IOException {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root writes to volumes");
    Path folder = Files.createDirectories(volume.resolve("pgdata/.drp-1"));
    Files.setAttribute(folder, "unix:uid", OWNER);
    Files.setAttribute(folder, "unix:gid", OWNER + 1);
  }

  /** As if it ran in the container: it sees the same folders by other names. */
  private CommandRunner inside(Path root) {
    return new CommandRunner() {
      @Override
      public RunningCommand start(Command command) {
        return host.start(
            Command.of(
                command.arguments().stream()
                    .map(it -> it.startsWith(MOUNTED) ? root + it.substring(MOUNTED.length()) : it)
                    .toList()));
      }

      @Override
      public String place() {
        return "container";
      }
    };
  }

  private Optional<VolumeFolder> find(CommandRunner inside, Optional<String> source) {
    return VolumeFolder.find(
        host,
        inside,
        new Container.Mount("shop_data", MOUNTED, source),
        MOUNTED + "/pgdata/.drp-1");
  }

  private Optional<VolumeFolder> find() {
    return find(inside(volume), Optional.of(volume.toString()));
  }

  private String run(VolumeFolder folder, String script) {
    return host.run(folder.command(List.of("sh", "-c", script))).strip();
  }

  @Test
  void programsRunInItAsItsOwnerAndCannotBecomeAnybodyElse() throws IOException {
    VolumeFolder folder = find().orElseThrow();

    assertThat(run(folder, "id -u; id -g; id -G; pwd -P; grep NoNewPrivs /proc/self/status"))
        .isEqualToIgnoringWhitespace(
            "%d %d %d %s NoNewPrivs: 1"
                .formatted(
                    OWNER, OWNER + 1, OWNER + 1, volume.toRealPath().resolve("pgdata/.drp-1")));
    assertThat(volume.resolve("pgdata/.drp-1")).isEmptyDirectory();
  }

  @Test
  void anotherMachinesFolderOfTheSameNameIsNotIt() throws IOException {
    Path other = Files.createDirectories(volume.resolve("other"));
    Files.createDirectories(other.resolve("pgdata/.drp-1"));

    assertThat(find(inside(other), Optional.of(volume.toString()))).isEmpty();
    assertThat(find(inside(volume), Optional.of(volume + "/nowhere"))).isEmpty();
    assertThat(find(inside(volume), Optional.empty())).isEmpty();
  }

  @Test
  void neitherRootsFolderNorOneBehindALinkIsWrittenTo() throws IOException {
    Path folder = volume.resolve("pgdata/.drp-1");
    Files.setAttribute(folder, "unix:uid", 0);
    assertThat(find()).isEmpty();
    Files.setAttribute(folder, "unix:uid", OWNER);

    Files.move(volume.resolve("pgdata"), volume.resolve("elsewhere"));
    Files.createSymbolicLink(volume.resolve("pgdata"), Path.of("elsewhere"));
    assertThat(find()).isEmpty();
  }

  @Test
  void aFolderThatIsExchangedForALinkMeanwhileIsNotWrittenTo() throws IOException {
    VolumeFolder known = find().orElseThrow();
    Path folder = volume.resolve("pgdata/.drp-1");
    Path target = Files.createDirectories(volume.resolve("etc"));
    Files.setAttribute(target, "unix:uid", OWNER);
    Files.move(folder, volume.resolve("moved"));
    Files.createSymbolicLink(folder, target);

    assertThatThrownBy(() -> run(known, "touch stolen")).isInstanceOf(RecoveryException.class);
    assertThat(target).isEmptyDirectory();
  }
}
