/**
 * Connections to other machines over SSH: who they are, which algorithms count, how long to wait.
 */
@NullMarked
package dev.drp.transfer.ssh;

import org.jspecify.annotations.NullMarked;
