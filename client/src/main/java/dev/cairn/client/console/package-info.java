/**
 * The console: a page in a browser for people, served by {@code cairn console} on this machine.
 *
 * <p>{@link dev.cairn.client.console.Console} listens on loopback. The page ({@code
 * resources/dev/cairn/client/console}: plain HTML, CSS and JavaScript, nothing is built or fetched)
 * speaks to {@code /api}, where {@code Routes} finds the call of a path; {@code ContentCalls},
 * {@code BackupCalls}, {@code RestorationCalls} and {@code ScheduleCalls} each make one request of
 * the {@link dev.cairn.client.CairnClient} and answer with its message as JSON. What goes on is a
 * stream of server-sent events ({@code Feed}).
 *
 * <p>Whoever opens the console acts with the rights of the person who started it, so {@code Guard}
 * looks at every request first. Other programs and pages on the same machine are not trusted:
 *
 * <ul>
 *   <li>every call carries a secret in a header of its own. It comes in the fragment of the link,
 *       which browsers send to nobody, and the page keeps it in the tab's session storage. It is in
 *       no cookie: cookies go to all ports of a host, and so to anybody's server on it. A foreign
 *       page can therefore neither know it nor have a browser add it;
 *   <li>the host must be a name of loopback, or a foreign name could be made to resolve here (DNS
 *       rebinding); an origin, if there is one, must be this host and port;
 *   <li>only GET and POST, bodies only as JSON and at most 64 KiB, and no CORS: what a foreign page
 *       may send without asking first is refused, and its asking is refused, too;
 *   <li>the page runs only its own scripts and styles from files, has no frames and no forms that
 *       leave it, and puts what it shows into text nodes; trusted types enforce that.
 * </ul>
 *
 * <p>What destroys needs the id of the site, or of the collection, typed by hand; the page says
 * what is lost and asks for the id, and {@code Request} checks it.
 */
@NullMarked
package dev.cairn.client.console;

import org.jspecify.annotations.NullMarked;
