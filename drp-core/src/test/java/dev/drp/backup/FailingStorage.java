package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.InputStream;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;

/** A storage that refuses to store objects of some names; subclasses misbehave in other ways. */
public class FailingStorage implements BackupStorage {
  private final BackupStorage storage;
  private final Predicate<ObjectName> refused;

  public FailingStorage(BackupStorage storage, Predicate<ObjectName> refused) {
    this.storage = storage;
    this.refused = refused;
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    if (refused.test(name)) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE, "cannot store " + name, "try again.");
    }
    return storage.put(name, content);
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    return storage.list(folder);
  }

  @Override
  public List<String> names(ObjectName folder) {
    return storage.names(folder);
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    return storage.openAt(name, offset);
  }

  @Override
  public void delete(ObjectName name) {
    storage.delete(name);
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    return storage.removeAbandoned(folder);
  }

  @Override
  public OptionalLong freeBytes() {
    return storage.freeBytes();
  }

  @Override
  public String place() {
    return storage.place();
  }
}
