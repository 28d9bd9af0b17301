package dev.drp.transfer;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells a full disk from other failures; Java has no code for it. */
final class SpaceLeft {
  /** What a write that fails for want of space can leave free: less than it wanted to write. */
  private static final long ALMOST_NOTHING = 1 << 20;

  private SpaceLeft() {}

  static boolean isOut(Path folder, IOException failure) {
    String message = String.valueOf(failure.getMessage());
    if (message.contains("No space left") || message.contains("quota exceeded")) {
      return true;
    }
    try { // the message may be in another language
      FileStore store = Files.getFileStore(folder);
      return store.getUsableSpace() < ALMOST_NOTHING;
    } catch (IOException e) {
      return false;
    }
  }
}
