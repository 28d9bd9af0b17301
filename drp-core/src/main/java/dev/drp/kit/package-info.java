/** The bootstrap kit: all that a rebuild on a new machine begins with, in one file. */
@NullMarked
package dev.drp.kit;

import org.jspecify.annotations.NullMarked;
