/** Tests of backups; the contract of backup storages and the fake that passes it. */
@NullMarked
package dev.drp.backup;

import org.jspecify.annotations.NullMarked;
