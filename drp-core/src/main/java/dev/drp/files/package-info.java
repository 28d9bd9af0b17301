/** Files of hosts and containers: read as a tar, put back from one without leaving it, compared. */
@NullMarked
package dev.drp.files;

import org.jspecify.annotations.NullMarked;
