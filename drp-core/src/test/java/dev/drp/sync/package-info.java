/** Tests of what every synchronisation of files does. */
@NullMarked
package dev.drp.sync;

import org.jspecify.annotations.NullMarked;
