/** The command line: commands, wiring, progress, text and JSON output, exit codes. */
@NullMarked
package dev.drp.cli;

import org.jspecify.annotations.NullMarked;
