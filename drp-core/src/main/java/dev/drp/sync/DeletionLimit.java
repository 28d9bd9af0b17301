package dev.drp.sync;

/**
 * How much of a target may be deleted because the source does not have it. A folder that was not
 * mounted, or a wrong path, looks like a source from which almost everything was removed.
 *
 * @param fraction of the target's files, folders and links, from 0 to 1
 * @param confirmed whether somebody looked at it and said that all of it may go
 */
public record DeletionLimit(double fraction, boolean confirmed) {
  /** A few deletions are never suspicious, however small the tree. */
  private static final int ALWAYS = 10;

  /** A quarter. */
  public static final DeletionLimit USUAL = new DeletionLimit(0.25, false);

  public DeletionLimit {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new IllegalArgumentException("a fraction is from 0 to 1, not " + fraction);
    }
  }

  /** The same, once somebody said that all of it may go. */
  public DeletionLimit confirm() {
    return new DeletionLimit(fraction, true);
  }

  /**
   * Whether so many may be deleted.
   *
   * @param entries of the target
   * @param sourceIsEmpty then nothing at all may be, unless it was confirmed
   */
  public boolean allows(long deletions, long entries, boolean sourceIsEmpty) {
    if (confirmed || deletions == 0) {
      return true;
    }
    return !sourceIsEmpty && (deletions <= ALWAYS || deletions <= entries * fraction);
  }
}
