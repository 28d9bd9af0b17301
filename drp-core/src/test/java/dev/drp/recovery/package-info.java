/** Tests of the recovery engine. */
@NullMarked
package dev.drp.recovery;

import org.jspecify.annotations.NullMarked;
