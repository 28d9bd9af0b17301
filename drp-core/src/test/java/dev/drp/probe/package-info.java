/** Tests of probes. */
@NullMarked
package dev.drp.probe;

import org.jspecify.annotations.NullMarked;
