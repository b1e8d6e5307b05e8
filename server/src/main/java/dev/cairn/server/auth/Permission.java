package dev.cairn.server.auth;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What one may be allowed to do on a site. None implies another: {@link #RESTORE_BACKUPS}, which
 * can replace everything that a site holds, is had only by whoever was given it, and so is each.
 */
public enum Permission {
  /** Read items and the collections that they are in. */
  READ_ITEMS("items.read"),
  /** Add, change and delete items, import them, and publish the sandbox. */
  WRITE_ITEMS("items.write"),
  /** See backups, restorations and events, but not the items in a backup. */
  LIST_BACKUPS("backups.list"),
  /** Make, describe, pin, cancel and verify backups. */
  CREATE_BACKUPS("backups.create"),
  /** Delete backups, and take away the pin that protects one. */
  DELETE_BACKUPS("backups.delete"),
  /** Preview, start, cancel and undo restorations. */
  RESTORE_BACKUPS("backups.restore"),
  /** Change when automatic backups are made and how many are kept. */
  MANAGE_SCHEDULES("schedules.manage"),
  /** Create and delete the site, and its collections with their schemas. */
  ADMINISTER("administer");

  private static final Map<String, Permission> BY_TITLE =
      Arrays.stream(values()).collect(Collectors.toMap(Permission::title, Function.identity()));

  private final String title;

  Permission(String title) {
    this.title = title;
  }

  /** How tokens and errors name it. */
  public String title() {
    return title;
  }

  /** The permission of that title, if this version knows it. */
  public static Optional<Permission> of(String title) {
    return Optional.ofNullable(BY_TITLE.get(title));
  }
}
