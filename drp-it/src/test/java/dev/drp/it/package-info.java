/** Tests of the whole, against real servers, containers and processes. */
@NullMarked
package dev.drp.it;

import org.jspecify.annotations.NullMarked;
