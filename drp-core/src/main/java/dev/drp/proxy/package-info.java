/** The reverse proxy in front of an environment: its configuration, maintenance page and routes. */
@NullMarked
package dev.drp.proxy;

import org.jspecify.annotations.NullMarked;
