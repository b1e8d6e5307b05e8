package dev.cairn.it;

import dev.cairn.v1.Backup;
import dev.cairn.v1.BackupState;
import dev.cairn.v1.Event;
import dev.cairn.v1.Restoration;
import dev.cairn.v1.RestorationState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Judges what readers of events were told, knowing nothing of how the server keeps them. */
final class EventCheck {
  private EventCheck() {}

  /**
   * What is wrong with a history: each event once, each site's sequences 1, 2, 3 and so on, and
   * each change following on the one before.
   */
  static List<String> history(List<Event> events) {
    List<String> wrong = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    Map<String, Long> last = new HashMap<>();
    Map<String, String> states = new HashMap<>();
    for (Event event : events) {
      String name = name(event);
      if (!ids.add(event.getId())) {
        wrong.add(name + " comes twice");
      }
      long expected = last.getOrDefault(event.getSiteId(), 0L) + 1;
      if (event.getSequence() != expected) {
        wrong.add(name + " comes where sequence " + expected + " is due");
      }
      last.put(event.getSiteId(), event.getSequence());
      follow(event, name, states, wrong);
    }
    return wrong;
  }

  private static void follow(
      Event event, String name, Map<String, String> states, List<String> wrong) {
    String subject;
    String previous;
    String now;
    switch (event.getChangeCase()) {
      case BACKUP_STATE_CHANGED -> {
        var change = event.getBackupStateChanged();
        subject = "backup " + change.getBackup().getId();
        previous = change.getPreviousState() + " " + change.getPreviousVerificationState();
        now = change.getBackup().getState() + " " + verification(change.getBackup());
        if (change.getPreviousState() == BackupState.BACKUP_STATE_UNSPECIFIED) {
          previous = "";
        }
      }
      case RESTORATION_STATE_CHANGED -> {
        var change = event.getRestorationStateChanged();
        subject = "restoration " + change.getRestoration().getId();
        previous =
            change.getPreviousState() == RestorationState.RESTORATION_STATE_UNSPECIFIED
                ? ""
                : change.getPreviousState().toString();
        now = change.getRestoration().getState().toString();
      }
      default -> {
        wrong.add(name + " says nothing");
        return;
      }
    }
    String before = states.getOrDefault(subject, "");
    if (!before.equals(previous)) {
      wrong.add(name + ": " + subject + " was " + before + " and is said to have been " + previous);
    }
    states.put(subject, now);
  }

  private static String verification(Backup backup) {
    return backup.getVerification().getState().toString();
  }

  /** Where what a reader was told differs from the history. */
  static List<String> same(String reader, List<Event> told, List<Event> history) {
    int shorter = Math.min(told.size(), history.size());
    for (int i = 0; i < shorter; i++) {
      if (!told.get(i).equals(history.get(i))) {
        return List.of(
            reader
                + ": event "
                + i
                + " was "
                + name(told.get(i))
                + ", not "
                + name(history.get(i)));
      }
    }
    return told.size() == history.size()
        ? List.of()
        : List.of(reader + " was told " + told.size() + " events of " + history.size());
  }

  /** Where the history's last word differs from what the lists say. */
  static List<String> asListed(
      List<Event> history, List<Backup> backups, List<Restoration> restorations) {
    Map<String, String> said = new HashMap<>();
    for (Event event : history) {
      if (event.hasBackupStateChanged()) {
        Backup backup = event.getBackupStateChanged().getBackup();
        said.put(backup.getId(), backup.getState() + " " + verification(backup));
      } else {
        Restoration restoration = event.getRestorationStateChanged().getRestoration();
        said.put(restoration.getId(), restoration.getState().toString());
      }
    }
    Map<String, String> listed = new HashMap<>();
    backups.forEach(each -> listed.put(each.getId(), each.getState() + " " + verification(each)));
    restorations.forEach(each -> listed.put(each.getId(), each.getState().toString()));
    List<String> wrong = new ArrayList<>();
    listed.forEach(
        (id, state) -> {
          String last = said.getOrDefault(id, "never");
          if (!last.equals(state)) {
            wrong.add(id + " is listed as " + state + "; the last event said " + last);
          }
        });
    return wrong;
  }

  private static String name(Event event) {
    return "event " + event.getSiteId() + "/" + event.getSequence();
  }
}
