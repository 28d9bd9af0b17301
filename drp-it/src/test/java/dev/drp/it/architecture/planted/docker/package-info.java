/** Planted violations of the architecture's rules. */
@NullMarked
package dev.drp.it.architecture.planted.docker;

import org.jspecify.annotations.NullMarked;
