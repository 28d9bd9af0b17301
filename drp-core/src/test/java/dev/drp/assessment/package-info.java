/** Tests of the status. */
@NullMarked
package dev.drp.assessment;

import org.jspecify.annotations.NullMarked;
