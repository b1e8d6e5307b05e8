package dev.cairn.client.cli;

import dev.cairn.client.CairnException;
import io.grpc.Status;
import java.util.Map;

/** What to type now: the facade's hints, with commands where one helps. */
final class Hints {
  private Hints() {}

  static String of(CairnException failure, String server) {
    Map<String, String> ids = failure.metadata();
    String site = ids.getOrDefault("site_id", "SITE");
    return switch (failure.reason()) {
      case ERROR_REASON_SITE_NOT_FOUND -> failure.hint() + " See: cairn site list";
      case ERROR_REASON_COLLECTION_NOT_FOUND ->
          failure.hint() + " See: cairn collection list " + site;
      case ERROR_REASON_BACKUP_NOT_FOUND, ERROR_REASON_BACKUP_NOT_READY ->
          failure.hint() + " See: cairn backup list " + site;
      case ERROR_REASON_RESTORATION_NOT_FOUND ->
          failure.hint() + " See: cairn restoration list " + site;
      case ERROR_REASON_ALL_BACKUPS_PINNED ->
          failure.hint()
              + " Pinned: "
              + ids.getOrDefault("backup_ids", "?")
              + ". Unpin: cairn backup update "
              + site
              + " BACKUP --unpin";
      case ERROR_REASON_RESTORATION_IN_PROGRESS ->
          failure.hint()
              + " See: cairn restoration watch "
              + site
              + " "
              + ids.getOrDefault("running_restoration_id", "RESTORATION");
      case ERROR_REASON_SITE_NOT_EMPTY ->
          "Repeat it with --force if collections and backups may go too.";
      case ERROR_REASON_EVENTS_EXPIRED -> failure.hint() + " Use --from now or --from beginning.";
      case ERROR_REASON_UNAUTHENTICATED ->
          "Give a valid token by --token-file (CAIRN_TOKEN_FILE) or CAIRN_TOKEN.";
      case ERROR_REASON_PERMISSION_DENIED ->
          "Ask whoever gives out tokens for "
              + ids.getOrDefault("permission", "the right")
                  .replace("|", " or ")
                  .replace(",", " and ")
              + " on "
              + site
              + ", or use another token.";
      case ERROR_REASON_INTERNAL ->
          failure.hint() + " Error id: " + ids.getOrDefault("error_id", "none");
      default ->
          failure.code() == Status.Code.UNAVAILABLE && failure.metadata().isEmpty()
              ? failure.hint()
                  + " Tried: "
                  + server
                  + " (--server, CAIRN_SERVER). If it speaks TLS: --tls, --tls-ca; if it wants to"
                  + " know this client: --tls-cert, --tls-key."
              : failure.hint();
    };
  }
}
