/** Where backups go and how they are made smaller: storages and compression. */
@NullMarked
package dev.drp.transfer;

import org.jspecify.annotations.NullMarked;
