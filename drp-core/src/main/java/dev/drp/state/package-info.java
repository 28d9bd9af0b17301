/**
 * The state directory: what this machine remembers between runs, and the locks that keep two runs
 * apart.
 */
@NullMarked
package dev.drp.state;

import org.jspecify.annotations.NullMarked;
