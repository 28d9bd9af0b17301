/**
 * The recovery engine: recovery plans of steps, their execution in four modes, journals, resume.
 */
@NullMarked
package dev.drp.recovery;

import org.jspecify.annotations.NullMarked;
