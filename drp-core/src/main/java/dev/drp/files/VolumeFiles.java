package dev.drp.files;

import static java.util.Objects.requireNonNull;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import dev.drp.runtime.Container;
import dev.drp.runtime.ContainerRuntime;
import dev.drp.runtime.Volume;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The files of a volume, by its engine alone: through a container that has the volume and is never
 * started. The one for filling is there from before the first file until the volume was found to be
 * complete, so a volume that was left half filled is known by it. Safe for concurrent use, but that
 * one caller at a time fills a volume.
 */
public final class VolumeFiles {
  private static final String FOLDER = "drp-volume";

  /** Of a file system that a volume may have to itself. */
  private static final String OF_FILE_SYSTEM = "lost+found";

  private final ContainerRuntime engine;
  private final String volume;

  /**
   * @param volume its full name
   */
  public VolumeFiles(ContainerRuntime engine, String volume) {
    this.engine = requireNonNull(engine, "engine");
    this.volume = requireNonNull(volume, "volume");
  }

  /** Whether there is such a volume. */
  public boolean exists() {
    return find().isPresent();
  }

  /** Whether filling it was begun, and never {@linkplain #complete ended}. */
  public boolean isHalfFilled() {
    return filler().isPresent();
  }

  /** Whether a container has it that is not ours. */
  public boolean isInUse() {
    return engine.containers().stream()
        .filter(it -> !isOurs(it))
        .anyMatch(it -> it.volumes().stream().anyMatch(mount -> mount.volume().equals(volume)));
  }

  /**
   * Whether it holds nothing.
   *
   * @param image of which the container is: any that is on the engine
   */
  public boolean isEmpty(String image) {
    return index(image).names().stream()
        .allMatch(name -> name.isEmpty() || name.equals(OF_FILE_SYSTEM));
  }

  /** What is in it. */
  public FileIndex index(String image) {
    Optional<Container> filler = filler();
    if (filler.isPresent()) {
      return index(filler.get());
    }
    Container reader = hold("drp-reads-" + volume, image);
    try {
      return index(reader);
    } finally {
      engine.remove(reader);
    }
  }

  private FileIndex index(Container container) {
    return new ContainerFiles(engine, container, "/" + FOLDER + "/.").index();
  }

  /**
   * Puts the files of a tar into it, with owners, modes, times and links. What has the name of one
   * of them is replaced. Once they were found to be complete, call {@link #complete}; until then,
   * it counts as half filled.
   *
   * @param tar names are relative to the volume; not even one that was made for that can write
   *     outside of it: see {@link CheckedTar}
   * @param image of which the container is: any that is on the engine
   * @return what was left out, for people
   * @throws RecoveryException with REFUSED when it would write outside; BACKUP_CORRUPT when it is
   *     cut; ENGINE_FAILED when the engine does not take it, such as for want of space
   * @throws IOException when the tar cannot be read
   */
  public List<String> fill(InputStream tar, String image) throws IOException {
    Container filler = hold(fillerName(), image);
    List<String> leftOut = new ArrayList<>();
    // In the folder above, as the engine passes over what a tar says of the one it unpacks into.
    engine.writeFiles(
        filler,
        "/",
        output -> leftOut.addAll(new CheckedTar(tar, "").passTo(output, FOLDER + "/")));
    return leftOut;
  }

  /** It is no longer half filled. */
  public void complete() {
    filler().ifPresent(engine::remove);
  }

  /** Removes it with all that is in it. Only for one that is not in use. */
  public void remove() {
    complete();
    find().ifPresent(engine::remove);
  }

  private Optional<Volume> find() {
    return engine.volumes().stream().filter(it -> it.name().equals(volume)).findFirst();
  }

  private String fillerName() {
    return "drp-fills-" + volume;
  }

  private Optional<Container> filler() {
    return container(fillerName());
  }

  private Optional<Container> container(String name) {
    return engine.containers().stream()
        .filter(it -> it.name().equals(name) && isOurs(it))
        .findFirst();
  }

  private boolean isOurs(Container container) {
    return container.volumes().stream()
        .anyMatch(it -> it.volume().equals(volume) && it.path().equals("/" + FOLDER));
  }

  /** One that was left by a process that was killed does as well. */
  private Container hold(String name, String image) {
    if (!exists()) {
      throw new RecoveryException(
          ErrorCode.FILES_MISSING,
          "there is no volume %s".formatted(volume),
          "it was there before: look at who removed it, then run this again.");
    }
    return container(name)
        .orElseGet(() -> engine.createWithVolume(name, image, volume, "/" + FOLDER));
  }
}
