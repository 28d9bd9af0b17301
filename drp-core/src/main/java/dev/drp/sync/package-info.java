/** Making a tree of files on one machine identical to that on another. */
@NullMarked
package dev.drp.sync;

import org.jspecify.annotations.NullMarked;
