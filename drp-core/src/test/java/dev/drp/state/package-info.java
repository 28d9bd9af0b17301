/** Tests of the state directory and its locks. */
@NullMarked
package dev.drp.state;

import org.jspecify.annotations.NullMarked;
