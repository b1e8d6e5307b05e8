@NullMarked
package dev.cairn.server.backup.schedule;

import org.jspecify.annotations.NullMarked;
