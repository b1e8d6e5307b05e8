package dev.cairn.server.restore;

/** PENDING becomes COMPLETED, FAILED or CANCELED. Nothing else happens. */
public enum RestorationState {
  PENDING,
  COMPLETED,
  FAILED,
  CANCELED
}
