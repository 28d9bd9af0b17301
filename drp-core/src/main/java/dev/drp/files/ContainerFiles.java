package dev.drp.files;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;

/**
 * Files of a container, by its engine: whether the container runs or not, and whatever programs are
 * in it. While it runs, they are read twice: only that shows what has changed meanwhile.
 */
public final class ContainerFiles implements FileSource {
  private static final int BUFFER = 1 << 16;

  private final ContainerRuntime engine;
  private final Container container;
  private final String path;

  /**
   * @param path absolute, in the container; with {@code /.} at its end for what is in a folder
   */
  public ContainerFiles(ContainerRuntime engine, Container container, String path) {
    this.engine = requireNonNull(engine, "engine");
    this.container = requireNonNull(container, "container");
    this.path = requireNonNull(path, "path");
  }

  @Override
  public String place() {
    return "%s in container %s".formatted(path, container.name());
  }

  @Override
  public FilesRead read(OutputStream tar) {
    boolean running = engine.container(container.id()).running();
    FileIndex read =
        read(tar, running)
            .orElseThrow(
                () ->
                    new RecoveryException(
                        ErrorCode.FILES_MISSING,
                        "there is no %s in container %s".formatted(path, container.name()),
                        "correct the plan."));
    List<String> changed =
        running
            ? read.differencesOf(index(), place() + ": ").stream()
                .map(FileDifference::path)
                .toList()
            : List.of();
    return new FilesRead(read.files(), read.bytes(), List.of(), changed, read.leadsTo());
  }

  @Override
  public FileIndex index() {
    return read(OutputStream.nullOutputStream(), true).orElse(FileIndex.empty());
  }

  /**
   * Names of the files and folders in a folder itself, in order; empty when there is no such path.
   */
  public Optional<List<String>> names() {
    return new ContainerFiles(engine, container, path.replaceFirst("(/\\.?)*$", "") + "/.")
        .read(OutputStream.nullOutputStream(), false)
        .map(
            index ->
                index.names().stream()
                    .map(name -> name.replaceFirst("^\\./", "").replaceFirst("/.*", ""))
                    .filter(name -> !name.isEmpty() && !name.equals("."))
                    .distinct()
                    .sorted()
                    .toList());
  }

  private Optional<FileIndex> read(OutputStream tar, boolean hashes) {
    try (InputStream files =
            engine.openFiles(container, path).orElse(InputStream.nullInputStream());
        InputStream buffered = new BufferedInputStream(files, BUFFER)) {
      buffered.mark(1);
      if (buffered.read() < 0) {
        return Optional.empty();
      }
      buffered.reset();
      InputStream copied = new CopiedInput(buffered, tar);
      return Optional.of(hashes ? FileIndex.of(copied) : FileIndex.withoutHashes(copied));
    } catch (RecoveryException e) {
      if (e.code() == ErrorCode.BACKUP_CORRUPT) {
        throw new RecoveryException(
            ErrorCode.ENGINE_FAILED,
            "%s could not be read whole: %s".formatted(place(), e.problem()),
            "if files there shrink while they are read, let the service be stopped for it; else"
                + " look at the engine's log.",
            e);
      }
      throw e;
    } catch (IOException e) {
      throw new RecoveryException(
          ErrorCode.ENGINE_FAILED,
          "%s could not be read: %s".formatted(place(), e.getMessage()),
          "look at the engine's log, then run this again.",
          e);
    }
  }
}
