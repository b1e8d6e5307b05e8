package dev.cairn.client;

import dev.cairn.v1.ErrorReason;
import io.grpc.Status;

/** One sentence for each reason that says what to do; after the comments of the contract. */
final class Hints {
  private Hints() {}

  static String of(ErrorReason reason) {
    return switch (reason) {
      case ERROR_REASON_INVALID_ARGUMENT -> "Correct the request; the same one never succeeds.";
      case ERROR_REASON_INVALID_PAGE_TOKEN -> "Start again from the first page.";
      case ERROR_REASON_SITE_NOT_FOUND ->
          "Create the site, or correct its id; ids are case-sensitive.";
      case ERROR_REASON_COLLECTION_NOT_FOUND ->
          "Create the collection, or correct its id; ids are case-sensitive.";
      case ERROR_REASON_ITEM_NOT_FOUND ->
          "Correct the id and the environment; when deleting, allow missing items.";
      case ERROR_REASON_BACKUP_NOT_FOUND -> "List the backups of the site and choose another.";
      case ERROR_REASON_RESTORATION_NOT_FOUND -> "List the restorations of the site.";
      case ERROR_REASON_SITE_ALREADY_EXISTS -> "Use the site that is there, or another id.";
      case ERROR_REASON_COLLECTION_ALREADY_EXISTS ->
          "Use the collection that is there, or another id.";
      case ERROR_REASON_ITEM_ALREADY_EXISTS -> "Save the item to replace it, or use another id.";
      case ERROR_REASON_REVISION_MISMATCH ->
          "It changed since it was read: read it again, decide again, repeat with the new revision.";
      case ERROR_REASON_ETAG_MISMATCH ->
          "It changed since it was read: read it again, decide again, repeat with the new etag.";
      case ERROR_REASON_REQUEST_ID_CONFLICT ->
          "The id was used for something else within 24 hours: take a new UUID.";
      case ERROR_REASON_SITE_NOT_EMPTY ->
          "The site still holds collections or backups: force the deletion only if they may go too.";
      case ERROR_REASON_COLLECTION_LIMIT_REACHED ->
          "Delete a collection, or raise the server's limit; waiting does not help.";
      case ERROR_REASON_ALL_BACKUPS_PINNED -> "Unpin or delete one of the pinned backups.";
      case ERROR_REASON_BACKUP_NOT_READY ->
          "Only a READY backup can be used: wait for a PENDING one, otherwise choose another.";
      case ERROR_REASON_BACKUP_CORRUPT ->
          "Choose another backup; whoever operates the server must look at its disk.";
      case ERROR_REASON_BACKUP_IN_USE ->
          "A restoration reads the backup: wait for it or cancel it, then repeat.";
      case ERROR_REASON_NOT_CANCELABLE ->
          "It has ended or can no longer go back; a COMPLETED restoration can be undone.";
      case ERROR_REASON_NOT_UNDOABLE -> "It cannot be undone: restore another backup instead.";
      case ERROR_REASON_RESTORATION_IN_PROGRESS ->
          "Wait for the running restoration or cancel it, then look at the content again.";
      case ERROR_REASON_PREVIEW_OUTDATED ->
          "The content changed since the preview: preview again and decide again.";
      case ERROR_REASON_IMPORT_SEQUENCE_GAP -> "Resume the import with its import id.";
      case ERROR_REASON_EVENTS_EXPIRED ->
          "These events are no longer kept: list backups and restorations, then watch from now.";
      case ERROR_REASON_SITE_SWITCHING ->
          "The site is switching to restored content: repeat in a moment.";
      case ERROR_REASON_SHUTTING_DOWN -> "The server is going down: repeat when it is back.";
      case ERROR_REASON_OVERLOADED -> "The server has too much to do: repeat later.";
      case ERROR_REASON_DISK_FULL ->
          "The server's disk is full: delete backups that can go, or enlarge it.";
      case ERROR_REASON_STORAGE_FAILED ->
          "The server's storage failed: repeat; if it goes on, its operator must act.";
      case ERROR_REASON_DATA_CORRUPT ->
          "Stored data is damaged: restore a backup; the server's operator must act.";
      case ERROR_REASON_UNAUTHENTICATED -> "Give a valid token, or renew the one that has expired.";
      case ERROR_REASON_PERMISSION_DENIED -> "Ask for the right to do this, or use another token.";
      case ERROR_REASON_NOT_IMPLEMENTED -> "This server cannot do that: upgrade it or do without.";
      case ERROR_REASON_DEADLINE_EXCEEDED ->
          "Allow more time; look first whether it was done after all.";
      case ERROR_REASON_CANCELLED -> "It was ended from this side, or taken over; nothing to do.";
      case ERROR_REASON_INTERNAL ->
          "A bug in the server: report it with its error id; repeating rarely helps.";
      case ERROR_REASON_INTERRUPTED -> "The server stopped meanwhile: start it again.";
      case ERROR_REASON_QUERY_TOO_LARGE ->
          "Narrow the filter, drop the sort or the total, or export everything.";
      case ERROR_REASON_UNSPECIFIED, UNRECOGNIZED ->
          "This client does not know the reason: a newer one may say more.";
    };
  }

  static String of(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE -> "Is the server running, and is its address right?";
      case RESOURCE_EXHAUSTED -> "A message or a number of calls was too large.";
      case INVALID_ARGUMENT, OUT_OF_RANGE -> "Correct the request; the same one never succeeds.";
      case NOT_FOUND -> "Correct the id; ids are case-sensitive.";
      case ALREADY_EXISTS -> "Use what is there, or another id.";
      case ABORTED -> "It changed meanwhile: read again and decide again.";
      case FAILED_PRECONDITION -> "Its state does not allow this: read it and decide again.";
      default -> "Is this a Cairn server? If so, look into its log.";
    };
  }
}
