/** Tests of the Docker adapter; those tagged {@code docker} need an engine and an image. */
@NullMarked
package dev.drp.docker;

import org.jspecify.annotations.NullMarked;
