/**
 * Follows a tar as it passes: what is in it, where to cut it, whether it is what the server says.
 */
@org.jspecify.annotations.NullMarked
package dev.drp.backup.tar;
