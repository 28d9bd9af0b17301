package dev.drp.kit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Puts the Java that a kit runs on into a folder. */
@FunctionalInterface
interface JavaCopy {
  /** Makes the folder. Returns why there is none in it, for a person. */
  Optional<String> makeIn(Path runtime) throws IOException;
}
