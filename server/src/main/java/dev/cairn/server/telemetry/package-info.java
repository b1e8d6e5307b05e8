/**
 * What operators see of the running server. Knows nothing of the other packages.
 *
 * <p>Logging is slf4j on logback (one line an event, {@link
 * dev.cairn.server.telemetry.DefaultLogging}); {@link dev.cairn.server.telemetry.LogBridge} brings
 * in what libraries say to {@code java.util.logging}. The audit log is {@link
 * dev.cairn.server.telemetry.AuditLine}s.
 */
@NullMarked
package dev.cairn.server.telemetry;

import org.jspecify.annotations.NullMarked;
