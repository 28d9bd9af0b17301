/** PostgreSQL servers in containers, through the adapters for PostgreSQL and Docker together. */
@NullMarked
package dev.drp.it.postgres;

import org.jspecify.annotations.NullMarked;
