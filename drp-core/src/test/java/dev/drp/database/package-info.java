/** The contract of database servers, and the server in memory that passes it. */
@NullMarked
package dev.drp.database;

import org.jspecify.annotations.NullMarked;
