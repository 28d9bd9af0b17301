/**
 * Backups: taking, publishing, verifying and expiring them; the catalog; the port to backup
 * storages.
 */
@NullMarked
package dev.drp.backup;

import org.jspecify.annotations.NullMarked;
