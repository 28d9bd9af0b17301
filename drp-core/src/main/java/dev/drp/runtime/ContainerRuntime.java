package dev.drp.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A container engine. Safe for concurrent use. Every method may throw ENGINE_UNAVAILABLE; those
 * that name a container throw CONTAINER_NOT_FOUND, listing those that exist, when there is none.
 */
public interface ContainerRuntime extends AutoCloseable {
  /** All containers, also those that do not run, in name order. */
  List<Container> containers();

  /** The container of that id or name. */
  Container container(String idOrName);

  /** Runs programs inside a running container. */
  CommandRunner commandsIn(Container container);

  /**
   * Connects to ports inside a running container, whether it publishes them or not, from the
   * container's own loopback address.
   */
  Tunnel tunnelInto(Container container);

  /** The image of that name or id on this engine; empty when it is not there. Never pulls. */
  Optional<ImageIdentity> image(String reference);

  /**
   * Reads a file or folder of a container, running or not, volumes included, as a tar whose names
   * begin with the last name of the path; with {@code /.} at its end, a folder whose names are
   * relative to it. What changes meanwhile may be a mixture, or end the tar before its end. The
   * caller closes it. Empty when there is no such path.
   *
   * @param path absolute, in the container
   */
  Optional<InputStream> openFiles(Container container, String path);

  /**
   * Unpacks a tar in a folder of a container, running or not, volumes included, with owners by
   * number, modes, times and links. What has the name of a member is replaced, but for a folder,
   * which gets what the tar says of it; what the tar says of the folder itself that it is unpacked
   * in is passed over. ENGINE_FAILED with what the engine says when it does not take it; then, and
   * when the writer fails, some of it may be there.
   *
   * @param folder absolute, in the container; is there
   * @throws IOException what the writer throws of its own accord
   */
  void writeFiles(Container container, String folder, TarWriter writer) throws IOException;

  /** Writes a tar, and leaves the stream open. */
  interface TarWriter {
    void writeTo(OutputStream tar) throws IOException;
  }

  /**
   * Makes a container that is never started, to read and write a volume by: it has no network, and
   * nothing of its image is copied into the volume. IMAGE_NOT_FOUND; ENGINE_FAILED when there is a
   * container of that name.
   *
   * @param image name or id
   * @param volume the name of one that is there
   * @param path absolute, where the container has it
   */
  Container createWithVolume(String name, String image, String volume, String path);

  /** Removes a container that does not run; of its volumes, those without a name. */
  void remove(Container container);

  /** Removes a volume, with what is in it. ENGINE_FAILED when a container has it. */
  void remove(Volume volume);

  /**
   * Reads images as a tar, with which {@code docker load} has them again. The caller closes it.
   * IMAGE_NOT_FOUND when one is not on this engine.
   *
   * @param images names or ids; named ones keep that name
   */
  InputStream openImages(List<String> images);

  /** Starts a container that is stopped; no effect on one that runs. */
  void start(Container container);

  /** Stops a container, with time to end by itself; no effect on one that is stopped. */
  void stop(Container container, Duration grace);

  /** Stops a container as {@link #stop} does, and starts it. One that is stopped is started. */
  void restart(Container container, Duration grace);

  /**
   * The last lines of what a container printed, on standard output and standard error, in the order
   * in which they came. May hold secrets: see {@link HiddenSecrets}.
   */
  List<String> lastLogLines(Container container, int count);

  /** What a running container uses now. Takes a second or two, in which the engine measures. */
  ContainerLoad load(Container container);

  /** All volumes, in name order. */
  List<Volume> volumes();

  /** What is stored on this engine. May take long where there is much. */
  EngineDiskUsage diskUsage();

  /**
   * Starts a throw-away container on a new network of its own that has no way out; with another
   * container's volumes, on no network at all. When this fails, nothing of it is left.
   * IMAGE_NOT_FOUND when the image is not on this engine: nothing is ever pulled.
   */
  ThrowawayContainer startThrowaway(ThrowawayRequest request);

  /**
   * Throw-away containers, networks and volumes of this tool that are still there, by owner.
   *
   * @param owner the owner that was given in {@link ThrowawayRequest}
   */
  List<String> leftovers(String owner);

  /**
   * Removes everything that {@link #leftovers} lists for that owner; returns what could not be
   * removed.
   */
  List<String> removeLeftovers(String owner);

  @Override
  void close();
}
