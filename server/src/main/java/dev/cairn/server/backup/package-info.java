/**
 * What a backup is, when one is made, and when one may go.
 *
 * <p>{@link dev.cairn.server.backup.Backups} is what the layers above call. A request becomes a
 * PENDING {@link dev.cairn.server.backup.BackupRecord} in the catalog; a {@link
 * dev.cairn.server.backup.BackupJob} takes the checkpoint behind the site's door ({@link
 * dev.cairn.server.backup.SnapshotTaker}), seals it with a manifest, and makes the record READY in
 * the same step in which {@link dev.cairn.server.backup.Retention} says what has to go. Whoever
 * watches is told through {@link dev.cairn.server.backup.Topics}.
 *
 * <p>After a crash {@link dev.cairn.server.backup.Backups#recover} turns what was PENDING into
 * FAILED and removes the files of whatever is not READY.
 */
@NullMarked
package dev.cairn.server.backup;

import org.jspecify.annotations.NullMarked;
