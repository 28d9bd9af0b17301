package dev.drp.backup;

import static java.util.Objects.requireNonNull;

import dev.drp.runtime.ImageIdentity;
import java.util.List;
import java.util.Optional;

/**
 * What a configuration or system backup holds beside a database.
 *
 * @param archives files and folders
 * @param composeProject the Compose project that they belong to
 * @param services which image each service of the project ran
 * @param changed what changed while it was read
 * @param notIncluded what belongs to the environment and is not in here, with the reason
 * @param plain whether the plan allows its secrets to leave the machine without encryption
 */
public record FilesContent(
    List<FileArchive> archives,
    Optional<String> composeProject,
    List<ServiceImage> services,
    List<String> changed,
    List<String> notIncluded,
    boolean plain) {
  private static final String OF_DATABASE = ": belongs to the database";

  /** The image of a service. */
  public record ServiceImage(String service, ImageIdentity image) {
    public ServiceImage {
      requireNonNull(service, "service");
      requireNonNull(image, "image");
    }
  }

  public FilesContent {
    archives = List.copyOf(archives);
    requireNonNull(composeProject, "composeProject");
    services = List.copyOf(services);
    changed = List.copyOf(changed);
    notIncluded = List.copyOf(notIncluded);
  }

  /** What {@code notIncluded} says of a volume of the database. */
  static String ofDatabase(String volume, String service) {
    return "%s of %s%s".formatted(volume, service, OF_DATABASE);
  }

  /** Whether it is not included because it is the database's. */
  public boolean leavesToDatabase(String volume) {
    return notIncluded.stream()
        .anyMatch(it -> it.startsWith(volume + " of ") && it.endsWith(OF_DATABASE));
  }

  /** How many files there are in all. */
  public long files() {
    return archives.stream().mapToLong(FileArchive::files).sum();
  }

  /** Size of their content. */
  public long bytes() {
    return archives.stream().mapToLong(FileArchive::bytes).sum();
  }
}
