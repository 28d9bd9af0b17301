/** Tests of trees of files over a real sshd. */
@NullMarked
package dev.drp.transfer.sync;

import org.jspecify.annotations.NullMarked;
