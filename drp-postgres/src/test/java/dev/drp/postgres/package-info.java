/** Tests against real PostgreSQL servers, made of this machine's PostgreSQL programs. */
@NullMarked
package dev.drp.postgres;

import org.jspecify.annotations.NullMarked;
