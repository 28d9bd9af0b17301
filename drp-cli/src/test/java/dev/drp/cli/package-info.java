/** Tests of the command line without a database or container engine. */
@NullMarked
package dev.drp.cli;

import org.jspecify.annotations.NullMarked;
