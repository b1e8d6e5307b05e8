/**
 * When a site's AUTO backups are taken, and how long they are kept.
 *
 * <p>{@link dev.cairn.server.backup.schedule.BackupSchedules} is what the layers above call: it
 * shows and changes schedules, and its {@code tick} starts what is due. What a schedule says, and
 * what became of its runs, is a {@link dev.cairn.server.backup.schedule.BackupSchedule} in the
 * catalog, from which the next run follows; a run's record changes in the same durable step that
 * requests the backup, so that a crash neither loses nor repeats one. In memory there is only an
 * {@link dev.cairn.server.backup.schedule.Agenda}: an ordered index of sites by time.
 *
 * <p>{@link dev.cairn.server.backup.schedule.Timing} says which moments a schedule means: {@link
 * dev.cairn.server.backup.schedule.Timing.Interval} spreads sites by a hash, {@link
 * dev.cairn.server.backup.schedule.CronExpression} knows calendars and clock changes. {@link
 * dev.cairn.server.backup.schedule.Pace} says how many may start in a minute.
 */
@NullMarked
package dev.cairn.server.backup.schedule;

import org.jspecify.annotations.NullMarked;
