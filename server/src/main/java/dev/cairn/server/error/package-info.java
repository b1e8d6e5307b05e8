/**
 * What can go wrong, in one type.
 *
 * <p>Every failure that a caller may see is a {@link dev.cairn.server.error.ServiceException} with
 * a {@link dev.cairn.server.error.Reason}. This package knows nothing of gRPC: only the {@code
 * grpc} package turns a reason into a status code.
 */
@NullMarked
package dev.cairn.server.error;

import org.jspecify.annotations.NullMarked;
