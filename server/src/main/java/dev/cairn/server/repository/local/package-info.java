/**
 * Backups on the file system of the data directory.
 *
 * <pre>{@code
 * backups/<site>/<backup>/               a backup: its files and, written last, MANIFEST.json
 * backups/<site>/<backup>/ (no manifest) what a crash left of a delete; sweep() takes it
 * backups/<site>/<backup>.tmp/           being written; sweep() takes it
 * }</pre>
 *
 * <p>Files are usually hard links to those of a site's database: cheap to make, but one bad sector
 * hits both. That is why they are verified.
 */
@NullMarked
package dev.cairn.server.repository.local;

import org.jspecify.annotations.NullMarked;
