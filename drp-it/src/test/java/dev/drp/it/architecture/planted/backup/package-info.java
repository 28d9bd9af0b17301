/** Planted violations of the architecture's rules. */
@NullMarked
package dev.drp.it.architecture.planted.backup;

import org.jspecify.annotations.NullMarked;
