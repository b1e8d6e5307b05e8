/**
 * Who is calling, and what they may do. Knows nothing of gRPC and of the contract: which rights an
 * rpc needs is said in the {@code grpc} package.
 *
 * <p>A caller shows a signed token (a JWT). {@link dev.cairn.server.auth.Tokens} checks it against
 * the {@link dev.cairn.server.auth.TrustedKeys} and makes it a {@link
 * dev.cairn.server.auth.Caller}: a name and {@link dev.cairn.server.auth.Grants}, the {@link
 * dev.cairn.server.auth.Permission}s on each site, which the token itself carries. Nothing is
 * stored here, so nothing has to be kept in step with whoever hands out tokens.
 *
 * <p>{@link dev.cairn.server.auth.ReloadedFiles} notices when keys or certificates are replaced.
 */
@NullMarked
package dev.cairn.server.auth;

import org.jspecify.annotations.NullMarked;
