package dev.cairn.server.telemetry;

import org.slf4j.bridge.SLF4JBridgeHandler;

/** Sends what libraries log through {@code java.util.logging} where all other lines go. */
public final class LogBridge {
  private LogBridge() {}

  /** Takes effect for the whole process; a second call changes nothing. */
  public static void install() {
    if (!SLF4JBridgeHandler.isInstalled()) {
      SLF4JBridgeHandler.removeHandlersForRootLogger();
      SLF4JBridgeHandler.install();
    }
  }
}
