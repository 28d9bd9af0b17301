/** Streaming of the write-ahead log: spool, shipping to storages, gaps, and the stored archive. */
@NullMarked
package dev.drp.wal;

import org.jspecify.annotations.NullMarked;
