package dev.drp.backup;

import dev.drp.ErrorCode;
import dev.drp.RecoveryException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * A storage in memory that passes {@link BackupStorageContract}; tests can damage what it holds.
 */
public final class InMemoryStorage implements BackupStorage {
  private final NavigableMap<String, byte[]> objects = new ConcurrentSkipListMap<>();
  private volatile long capacity = Long.MAX_VALUE;
  private volatile boolean available = true;
  private volatile Callable<?> beforePut = () -> true;

  /** From now on, no more than so many bytes in all. */
  public void setCapacity(long bytes) {
    capacity = bytes;
  }

  /** Makes every method throw STORAGE_UNAVAILABLE, or no longer. */
  public void setAvailable(boolean available) {
    this.available = available;
  }

  /** What happens whenever something is to be stored: it may let the caller wait. */
  public void beforePut(Callable<?> action) {
    beforePut = action;
  }

  /** Flips the lowest bit of one byte of an object. */
  public void flipBit(ObjectName name, int position) {
    byte[] damaged = content(name).clone();
    damaged[position] ^= 1;
    objects.put(name.value(), damaged);
  }

  /** Cuts an object. */
  public void truncate(ObjectName name, int bytes) {
    objects.put(name.value(), Arrays.copyOf(content(name), bytes));
  }

  /** Puts there what the port would not: other content, or a name that is no {@link ObjectName}. */
  public void plant(String name, byte[] content) {
    objects.put(name, content.clone());
  }

  /** Names of all that it holds, in order. */
  public List<String> allNames() {
    return List.copyOf(objects.keySet());
  }

  public byte[] content(ObjectName name) {
    byte[] content = objects.get(name.value());
    if (content == null) {
      throw notFound(name);
    }
    return content;
  }

  @Override
  public StoredObject put(ObjectName name, Content content) {
    requireAvailable();
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    try {
      beforePut.call();
      content.writeTo(written);
    } catch (RecoveryException e) {
      throw e;
    } catch (Exception e) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE, "cannot write " + name + ": " + e, "try again.", e);
    }
    synchronized (this) {
      byte[] present = objects.get(name.value());
      if (present != null && !Arrays.equals(present, written.toByteArray())) {
        throw new RecoveryException(
            ErrorCode.OBJECT_EXISTS, name + " is stored with other content", "use another name.");
      }
      if (present == null && usedBytes() + written.size() > capacity) {
        throw new RecoveryException(
            ErrorCode.OUT_OF_SPACE, "no space left for " + name, "expire backups.");
      }
      objects.put(name.value(), written.toByteArray());
    }
    return new StoredObject(name, written.size());
  }

  @Override
  public List<StoredObject> list(ObjectName folder) {
    requireAvailable();
    return below(folder).entrySet().stream()
        .filter(entry -> isObjectName(entry.getKey()))
        .map(e -> new StoredObject(new ObjectName(e.getKey()), e.getValue().length))
        .toList();
  }

  @Override
  public List<String> names(ObjectName folder) {
    requireAvailable();
    TreeSet<String> names = new TreeSet<>();
    for (String name : below(folder).keySet()) {
      String rest = name.substring(folder.value().length() + 1);
      names.add(rest.contains("/") ? rest.substring(0, rest.indexOf('/')) : rest);
    }
    return List.copyOf(names);
  }

  @Override
  public InputStream openAt(ObjectName name, long offset) {
    requireAvailable();
    byte[] content = content(name);
    int from = (int) Math.min(offset, content.length);
    return new ByteArrayInputStream(content, from, content.length - from);
  }

  @Override
  public void delete(ObjectName name) {
    requireAvailable();
    objects.remove(name.value());
  }

  @Override
  public long removeAbandoned(ObjectName folder) {
    requireAvailable();
    return 0;
  }

  @Override
  public OptionalLong freeBytes() {
    requireAvailable();
    return capacity == Long.MAX_VALUE
        ? OptionalLong.empty()
        : OptionalLong.of(Math.max(0, capacity - usedBytes()));
  }

  @Override
  public String place() {
    return "memory";
  }

  private NavigableMap<String, byte[]> below(ObjectName folder) {
    return objects.subMap(folder.value() + "/", true, folder.value() + "0", false);
  }

  private long usedBytes() {
    return objects.values().stream().mapToLong(content -> content.length).sum();
  }

  private static boolean isObjectName(String name) {
    try {
      return new ObjectName(name).value().equals(name);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private void requireAvailable() {
    if (!available) {
      throw new RecoveryException(
          ErrorCode.STORAGE_UNAVAILABLE, "the storage in memory does not answer", "wait.");
    }
  }

  private static RecoveryException notFound(ObjectName name) {
    return new RecoveryException(
        ErrorCode.OBJECT_NOT_FOUND, "no object " + name + " in memory", "list the objects.");
  }
}
