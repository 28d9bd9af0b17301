/** Ports to what runs: programs with their streams, containers, byte streams to ports. */
@NullMarked
package dev.drp.runtime;

import org.jspecify.annotations.NullMarked;
