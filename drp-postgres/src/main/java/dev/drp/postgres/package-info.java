/** PostgreSQL servers behind the ports of {@code dev.drp.database}. */
@NullMarked
package dev.drp.postgres;

import org.jspecify.annotations.NullMarked;
