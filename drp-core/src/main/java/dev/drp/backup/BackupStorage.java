package dev.drp.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.OptionalLong;

/**
 * Holds objects by name, each written once and never changed. Safe for concurrent use, also by
 * several processes.
 *
 * <p>Every method may throw STORAGE_UNAVAILABLE, and a retry may then help; and ACCESS_DENIED or
 * HOST_KEY_REFUSED, which somebody has to look at.
 */
public interface BackupStorage {
  /**
   * Publishes an object: a reader sees all of it or nothing, also after a crash. When this returns,
   * the object is on stable storage. When {@code content} throws, nothing is published and its
   * exception comes out unchanged, I/O errors of its own source as RecoveryException included. The
   * same content again: no effect. Other content under this name: OBJECT_EXISTS, and the stored
   * object stays as it is. No space left: OUT_OF_SPACE, and what was written is removed.
   */
  StoredObject put(ObjectName name, Content content);

  /**
   * All objects below a folder, at any depth, in name order; empty when there are none.
   * Half-written objects are never listed.
   */
  List<StoredObject> list(ObjectName folder);

  /**
   * Names directly in a folder, of objects and of folders, in order; empty when there are none.
   * What is no possible {@link ObjectName} segment is listed too: it is somebody else's.
   */
  List<String> names(ObjectName folder);

  /** Opens an object, which the caller closes. Unknown name: OBJECT_NOT_FOUND. */
  default InputStream open(ObjectName name) {
    return openAt(name, 0);
  }

  /**
   * Opens an object at a byte, which the caller closes. Unknown name: OBJECT_NOT_FOUND. At or
   * behind its end, the stream is empty.
   */
  InputStream openAt(ObjectName name, long offset);

  /** Removes an object. Unknown name: no effect. */
  void delete(ObjectName name);

  /**
   * Removes what writers that no longer live left half-written below a folder, as far as it takes
   * space or hinders; never touches what a living writer writes. Returns how many bytes were freed.
   */
  long removeAbandoned(ObjectName folder);

  /** Space left; empty where it cannot be asked. */
  OptionalLong freeBytes();

  /** Where it is, for messages. */
  String place();

  /** Writes an object's bytes, once. */
  interface Content {
    void writeTo(OutputStream output) throws IOException;
  }
}
