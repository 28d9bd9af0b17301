package dev.drp.plan;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads plan files. Everything that is wrong with one is reported together; nothing is corrected
 * silently, and nothing of the file is executed. Safe for concurrent use.
 */
public final class PlanLoader {
  private PlanLoader() {}

  /**
   * Reads a plan file.
   *
   * @throws RecoveryException with PLAN_INVALID if there is no such file or it cannot be read; what
   *     is wrong inside it is in the result
   */
  public static LoadedPlan load(Path file) {
    return load(bytes(file), file, PlanPaths.of(file));
  }

  /**
   * Reads a plan from a text.
   *
   * @param file the file that it stands for: relative paths start in its folder
   */
  public static LoadedPlan load(String text, Path file) {
    return load(text.getBytes(StandardCharsets.UTF_8), file, PlanPaths.of(file));
  }

  static LoadedPlan load(byte[] bytes, Path file, PlanPaths paths) {
    Problems problems = new Problems();
    PlanReader reader = new PlanReader(paths, problems);
    Optional<Node> root = new YamlText(problems).read(bytes);
    Optional<ContingencyPlan> plan = root.flatMap(reader::read);
    return new LoadedPlan(file, plan, problems.inOrder(), reader.notActedOn(), reader.lines());
  }

  private static byte[] bytes(Path file) {
    if (!Files.exists(file)) {
      throw unreadable(file, "does not exist", otherPlan(file));
    }
    if (!Files.isRegularFile(file)) {
      throw unreadable(
          file,
          Files.isDirectory(file) ? "is a folder" : "is no regular file",
          Files.isRegularFile(file.resolve("drp.yaml"))
              ? "did you mean %s?".formatted(file.resolve("drp.yaml"))
              : "name the plan file itself.");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(YamlText.LARGEST + 1);
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.PLAN_INVALID,
          "plan file %s cannot be read (%s)".formatted(file, e.getClass().getSimpleName()),
          "check its permissions and who runs drp.",
          e);
    }
  }

  private static RecoveryException unreadable(Path file, String problem, String hint) {
    return new RecoveryException(
        ErrorCode.PLAN_INVALID, "plan file %s %s".formatted(file, problem), hint);
  }

  private static String otherPlan(Path file) {
    Path folder = file.toAbsolutePath().normalize().getParent();
    List<String> names = new ArrayList<>();
    if (folder != null && Files.isDirectory(folder)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{yaml,yml}")) {
        files.forEach(it -> names.add(it.getFileName().toString()));
      } catch (IOException e) {
        return "check that the folder %s can be read.".formatted(folder);
      }
    }
    return Nearest.to(String.valueOf(file.getFileName()), names)
        .map(name -> "did you mean %s?".formatted(file.resolveSibling(name)))
        .orElse("write one, starting from examples/drp.yaml.");
  }
}
