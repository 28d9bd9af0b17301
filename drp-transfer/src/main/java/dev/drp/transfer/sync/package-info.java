/** Trees of files that are made identical over SSH, with the tar and the rsync of both sides. */
@NullMarked
package dev.drp.transfer.sync;

import org.jspecify.annotations.NullMarked;
