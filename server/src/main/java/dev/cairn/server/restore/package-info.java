/**
 * The steps from a backup to a live site, and who is told.
 *
 * <p>{@link dev.cairn.server.restore.Restorations} is what the layer above calls. A request becomes
 * a PENDING {@link dev.cairn.server.restore.RestorationRecord}; a {@link
 * dev.cairn.server.restore.RestoreJob} checks the backup, stages its content beside what is live
 * ({@link dev.cairn.server.restore.Staging}: a whole generation where the backup is the whole site,
 * single collections otherwise), keeps what is about to be replaced as a SAFETY backup, and
 * switches behind the site's closed door. The switch has one commit point; {@link
 * dev.cairn.server.restore.Restorations#recover} finds out on which side of it a crash fell.
 */
@NullMarked
package dev.cairn.server.restore;

import org.jspecify.annotations.NullMarked;
