/**
 * Where backups' bytes live.
 *
 * <p>A {@link dev.cairn.server.repository.BackupRepository} keeps each backup as a set of immutable
 * files and a {@link dev.cairn.server.repository.Manifest}, which is written last: a backup exists
 * if and only if its manifest does. {@code repository.local} keeps them on the file system of the
 * data directory, where putting a checkpoint is a rename.
 *
 * <p>What every repository needs is here as well: {@link
 * dev.cairn.server.repository.ManifestFormat}, the manifest as bytes that no flipped bit gets
 * through; {@link dev.cairn.server.repository.FileEntries}, which computes and recomputes
 * checksums; and, for all that write files of their own, {@link
 * dev.cairn.server.repository.DurableFiles} with {@link
 * dev.cairn.server.repository.StorageFailures}.
 */
@NullMarked
package dev.cairn.server.repository;

import org.jspecify.annotations.NullMarked;
