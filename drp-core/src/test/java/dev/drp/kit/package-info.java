/** Unit tests of the bootstrap kit. */
@NullMarked
package dev.drp.kit;

import org.jspecify.annotations.NullMarked;
