package dev.cairn.server.site;

/** Which of a collection's two separate contents is meant. */
public enum Environment {
  LIVE,
  SANDBOX
}
