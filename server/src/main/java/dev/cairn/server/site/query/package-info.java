/**
 * Finding items by what is in them.
 *
 * <p>{@link dev.cairn.server.site.query.ItemQueries} is what the layer above calls. A {@link
 * dev.cairn.server.site.query.Filter} is a tree of {@link dev.cairn.server.site.query.Comparison}s;
 * each looks at one {@link dev.cairn.server.site.query.Field} and puts a {@link
 * dev.cairn.server.site.query.Condition} to the {@link dev.cairn.server.site.query.FieldValue}
 * there. There are no indexes: a query reads the collection in order of the ids, and parses of each
 * item only what its fields lead to.
 *
 * <p>What a call may cost is bounded in three ways: by the items that it looks at, by the bytes
 * that it keeps (one page, sorted or not), and by the caller's patience, which is asked at every
 * item. Rules of values, paths and orders are those of {@code filter.proto}.
 */
@NullMarked
package dev.cairn.server.site.query;

import org.jspecify.annotations.NullMarked;
