/** Tests of storages and compression on a real file system. */
@NullMarked
package dev.drp.transfer;

import org.jspecify.annotations.NullMarked;
