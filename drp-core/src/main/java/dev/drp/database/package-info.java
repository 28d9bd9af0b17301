/** The port to a database server, and its values: facts, snapshots, restore targets. */
@NullMarked
package dev.drp.database;

import org.jspecify.annotations.NullMarked;
