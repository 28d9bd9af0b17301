/** The command line as a user has it, against real servers and with real faults. */
@NullMarked
package dev.drp.it.cli;

import org.jspecify.annotations.NullMarked;
