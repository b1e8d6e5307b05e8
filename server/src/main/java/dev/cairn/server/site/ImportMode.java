package dev.cairn.server.site;

/** What an import does with items that exist. */
public enum ImportMode {
  UPSERT,
  INSERT_ONLY,
  SKIP_EXISTING
}
