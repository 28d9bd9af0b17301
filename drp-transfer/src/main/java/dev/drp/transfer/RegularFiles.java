package dev.drp.transfer;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Visits regular files and follows no links; what goes away meanwhile is left out. */
final class RegularFiles extends SimpleFileVisitor<Path> {
  private final Visit visit;

  RegularFiles(Visit visit) {
    this.visit = visit;
  }

  @Override
  public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
    if (attributes.isRegularFile()) {
      visit.file(file, attributes);
    }
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
    return continueIfGone(e);
  }

  @Override
  public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
      throws IOException {
    return e == null ? FileVisitResult.CONTINUE : continueIfGone(e);
  }

  private static FileVisitResult continueIfGone(IOException e) throws IOException {
    if (e instanceof NoSuchFileException) {
      return FileVisitResult.CONTINUE;
    }
    throw e;
  }

  /** Hears of a file. */
  interface Visit {
    void file(Path path, BasicFileAttributes attributes);
  }
}
