/** Tests of the built-in recovery plans against servers and storages in memory. */
@NullMarked
package dev.drp.procedure;

import org.jspecify.annotations.NullMarked;
