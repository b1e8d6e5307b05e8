/**
 * The storage engine on RocksDB, and the only package that knows it.
 *
 * <p>Start with {@link dev.cairn.server.store.rocksdb.RocksStoreEngine}, which opens databases and
 * owns what they share. {@code Database} is one open database with its native handles, its health
 * and its closing order; {@code Moment} reads several things of one instant, {@code Range} walks
 * keys. On them stand {@code RocksCatalog} and {@code RocksItemStore} with its transaction, cursor
 * and staged collections. {@code EngineOptions} says how RocksDB is set up and why, {@code
 * Failures} what its errors become, {@code DatabaseFiles} how directories are linked and made
 * durable. {@code LogFiles} and {@code ManifestMark} find the damage that RocksDB would take for
 * the work of a crash.
 *
 * <h2>Layout of a content database</h2>
 *
 * <pre>
 * column family default      collection name        number, item count, bytes  (CollectionRow)
 *                            marker key             value
 *                            applied, next, format  commits so far, next free number, version
 *                            table file             its CRC32C, if taken over (AdoptedChecksums)
 * column family data         number (4 bytes, big-endian) | id  ->  item       (ItemCodec)
 * column family own-NUMBER   0 (4 bytes) | id  ->  item                        (OwnFamilies)
 * </pre>
 *
 * <p>A collection's items lie under its number. Emptying, dropping or replacing a collection of any
 * size is one batch: the name gets another number (or goes) and the old number is range-deleted. A
 * large collection has a family of its own ({@code Home}), which a restoration takes over from a
 * backup as links ({@code FamilyLinks}) and which is dropped instead of range-deleted; {@code
 * Outgrown} says how it gets there while it is used. Numbers are never reused, not even after a
 * crash, so a reader that resolved a name either finds what the name meant at that moment or sees
 * that the name has moved on and looks again. There is no copy of the names in memory that could
 * disagree with the database.
 */
@NullMarked
package dev.cairn.server.store.rocksdb;

import org.jspecify.annotations.NullMarked;
