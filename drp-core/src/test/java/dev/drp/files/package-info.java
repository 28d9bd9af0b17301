/** Tests of reading, putting back and comparing files. */
@NullMarked
package dev.drp.files;

import org.jspecify.annotations.NullMarked;
