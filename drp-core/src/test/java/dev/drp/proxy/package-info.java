/** The contract of reverse proxies, and one in memory. */
@NullMarked
package dev.drp.proxy;

import org.jspecify.annotations.NullMarked;
