package dev.drp.runtime;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * Which image something runs, by content: a name such as {@code postgres:15} can mean another image
 * tomorrow.
 *
 * @param reference the name it was started by
 * @param id the image's content id, {@code sha256:…}
 * @param repositoryDigests the names with digest under which a registry has it; empty for a local
 *     image
 */
public record ImageIdentity(String reference, String id, List<String> repositoryDigests) {
  public ImageIdentity {
    requireNonNull(reference, "reference");
    requireNonNull(id, "id");
    repositoryDigests = List.copyOf(repositoryDigests);
  }
}
