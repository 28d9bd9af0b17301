/**
 * What integration tests share: real servers, Compose projects and the command line, each cleaned
 * up after use.
 */
@NullMarked
package dev.drp.it.support;

import org.jspecify.annotations.NullMarked;
