package dev.drp.sync;

import dev.drp.Progress;

/**
 * Makes a folder on another machine identical to one of this machine, or the other way round: what
 * is new or has changed is sent, what the source does not have is deleted, and what is equal is
 * left alone. Modes, times, links, empty folders and any name are kept; owners, as numbers, where
 * the target's account may set them. Sockets, pipes and devices are left out and reported.
 *
 * <p>Contract:
 *
 * <ul>
 *   <li>Nothing is deleted before everything has been sent; what an interrupted run did is not done
 *       again by the next one.
 *   <li>A source that is missing or cannot be listed completely changes nothing. Neither does an
 *       empty one, nor one that lacks more of the target than the request allows: REFUSED, unless
 *       the target is empty as well or the deletions are confirmed.
 *   <li>Nothing outside of the target folder is written, whatever the names and links in either
 *       tree. A target folder that is itself a symbolic link: REFUSED.
 *   <li>A file that changes, vanishes or cannot be read meanwhile is a {@link SyncProblem} of the
 *       report, and harms no other file.
 *   <li>What stops a run is thrown: REFUSED, OUT_OF_SPACE, ACCESS_DENIED, COMMAND_NOT_FOUND,
 *       COMMAND_FAILED, HOST_KEY_REFUSED; HOST_UNAVAILABLE, where running it again goes on.
 * </ul>
 *
 * Implementations are safe for concurrent use with different targets. Two runs into one target at
 * the same time disturb each other.
 */
public interface FileSync {
  /** What {@link #sync} would do now; changes nothing and refuses nothing. */
  SyncReport preview(SyncRequest request);

  /** Does it, and compares both sides afterwards. */
  SyncReport sync(SyncRequest request, Progress progress);
}
