/** The rules of who may depend on whom, and proof that each of them can fail. */
@NullMarked
package dev.drp.it.architecture;

import org.jspecify.annotations.NullMarked;
