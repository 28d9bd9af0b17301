package dev.drp.runtime;

import java.io.InputStream;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * The Docker Compose project of one environment, run as its team runs it: with its own files, its
 * own folder and its own name. Safe for concurrent use.
 *
 * <p>Every method may throw COMMAND_NOT_FOUND where there is no {@code docker compose},
 * ENGINE_UNAVAILABLE, and COMPOSE_INVALID, with what Compose says, for files that it does not
 * accept or that use a variable that has no value. Those that take services go by the {@linkplain
 * #recentConfiguration() recent} configuration.
 */
public interface ComposeProject {
  /** Its name, which its containers, volumes and networks begin with. */
  String name();

  /** COMMAND_NOT_FOUND where there is no {@code docker compose}. Needs neither files nor engine. */
  void requireProgram();

  /**
   * Gives the engine the images of a tar, by {@code docker load}; no effect for those that it has.
   *
   * @param tar as {@link ContainerRuntime#openImages} gives it; not closed here
   */
  void loadImages(InputStream tar);

  /** What its files say, checked by Compose itself. Needs no engine. */
  ComposeConfiguration configuration();

  /**
   * What its files said within the last minute, where they were read through this object then; else
   * as {@link #configuration()}. For steps that follow each other at once: to read the files takes
   * Compose 0.4 s.
   */
  default ComposeConfiguration recentConfiguration() {
    return configuration();
  }

  /**
   * The containers that it has now, also stopped ones, in name order; those of one-off runs are
   * none.
   */
  List<Container> containers();

  /**
   * Makes named volumes that are missing, as {@link #up} would: with the names, drivers and labels
   * that its files give them; external ones, which Compose never makes, by their name alone. Those
   * that are there stay as they are, and so do all containers.
   *
   * @param volumes by the names that its files use; one that there is not: COMPOSE_INVALID
   * @param images as for {@link #up}; that of one service at least has to be there, or it is
   *     IMAGE_NOT_FOUND
   */
  void createVolumes(Collection<String> volumes, Map<String, String> images);

  /**
   * Creates what is missing, starts services in the order of their dependencies, and returns once
   * all of them run, and are healthy where they have a health check; one that is meant to end may
   * have ended well. Containers that are there already are left as they are, also where the files
   * have changed since; only one of another image than {@code images} says is made anew. Never
   * pulls and never builds.
   *
   * <p>SERVICE_UNHEALTHY when one that is started now ends with another code than 0 or is
   * unhealthy, or when any is not healthy in time, with the last lines of its log, secrets removed;
   * IMAGE_NOT_FOUND; COMMAND_FAILED with what Compose says, such as a port that is taken. What was
   * started stays up.
   *
   * @param services which, with those that they depend on; all of them where it is empty. One that
   *     there is not: COMPOSE_INVALID
   * @param images the content ids of images that services must run, by service, whatever their name
   *     means by now; a service that is not in it runs what its files say
   * @param limit how long all of it may take
   */
  void up(List<String> services, Map<String, String> images, Duration limit);

  /**
   * Starts those of its containers that do not run, each once those of them run, or are up, that
   * its service needs so, and returns once all are up. Nothing else is made or started.
   * SERVICE_UNHEALTHY as for {@link #up}.
   *
   * @param limit how long all of it may take
   */
  void start(List<Container> containers, Duration limit);

  /**
   * The container of a service, made if there is none and made anew if it is of another image than
   * {@code images} says; nothing is started. IMAGE_NOT_FOUND.
   *
   * @param service whose; one that there is not: COMPOSE_INVALID
   * @param images as for {@link #up}
   */
  Container create(String service, Map<String, String> images);

  /**
   * Runs a program in a container of its own, which has a service's image, variables, volumes and
   * networks, and is gone when this returns, whatever happens. No service is started or changed.
   * One that is still there, of a caller that was killed, is removed first.
   *
   * <p>IMAGE_NOT_FOUND; COMMAND_FAILED when it ends with another code than 0, with what it said at
   * last on standard error, secrets removed; TIMED_OUT.
   *
   * @param service whose; one that there is not: COMPOSE_INVALID
   * @param images as for {@link #up}
   * @return what it printed on standard output
   */
  String run(String service, Map<String, String> images, List<String> program, Duration limit);

  /**
   * Stops and removes its containers and networks. Volumes stay. No effect where there are none.
   *
   * @param grace how long each container may take to end by itself
   */
  void down(Duration grace);
}
