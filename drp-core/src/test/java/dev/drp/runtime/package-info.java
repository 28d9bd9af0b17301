/** Contract tests of the runtime's ports, for every adapter, and tests of what the core brings. */
@NullMarked
package dev.drp.runtime;

import org.jspecify.annotations.NullMarked;
