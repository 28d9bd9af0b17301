/** Asking from outside whether something is well: addresses, name servers. */
@NullMarked
package dev.drp.probe;

import org.jspecify.annotations.NullMarked;
