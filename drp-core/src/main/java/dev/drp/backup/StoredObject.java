package dev.drp.backup;

import static java.util.Objects.requireNonNull;

/** An object in a storage, as far as a listing knows it. */
public record StoredObject(ObjectName name, long bytes) {
  public StoredObject {
    requireNonNull(name, "name");
  }
}
