/**
 * The demo: a real database is backed up, destroyed, recovered, compared row by row and measured.
 */
@NullMarked
package dev.drp.cli.demo;

import org.jspecify.annotations.NullMarked;
