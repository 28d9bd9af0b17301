/** Tests of the demo's parts. */
@NullMarked
package dev.drp.cli.demo;

import org.jspecify.annotations.NullMarked;
