/** Tests of what a connection is made of. */
@NullMarked
package dev.drp.transfer.ssh;

import org.jspecify.annotations.NullMarked;
