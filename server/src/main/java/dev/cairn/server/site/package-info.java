/**
 * Sites, their collections and items, and the one door through which all of it changes.
 *
 * <p>Start with {@link dev.cairn.server.site.CommandLog}: every change is a command that carries
 * its time and ids. {@link dev.cairn.server.site.ContentCommand}s change the items of one site;
 * they queue at the site's {@link dev.cairn.server.site.Door}, and those that wait together are
 * written together. {@link dev.cairn.server.site.CatalogCommand}s change records in the catalog.
 * {@link dev.cairn.server.site.Sites}, {@link dev.cairn.server.site.Collections} and {@link
 * dev.cairn.server.site.Items} are what the layers above call.
 *
 * <p>Nobody touches a database without a {@link dev.cairn.server.site.Lease} from the {@link
 * dev.cairn.server.site.StorePool}. A site's LIVE content is one generation at a time; a
 * restoration makes the next one and switches to it behind the closed door.
 */
@NullMarked
package dev.cairn.server.site;

import org.jspecify.annotations.NullMarked;
