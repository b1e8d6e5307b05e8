// How amounts, times and names are written.

import {h} from './dom.js';

const numbers = new Intl.NumberFormat('en');
const dates = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});
const clock = new Intl.DateTimeFormat(undefined, {timeStyle: 'medium'});

export const count = (n, one, many = `${one}s`) => `${numbers.format(n)} ${n === 1 ? one : many}`;
export const plain = (n) => numbers.format(n);

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  do {
    value /= 1000;
    unit++;
  } while (value >= 999.5 && unit < 4);
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${'kMGTP'[unit]}B`;
}

/** Seconds in their two greatest units. */
export function span(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return two(seconds, 60, 'min', 1, 's');
  if (seconds < 86400) return two(seconds, 3600, 'h', 60, 'min');
  return two(seconds, 86400, 'd', 3600, 'h');
}

function two(seconds, great, greatUnit, small, smallUnit) {
  const rest = Math.floor((seconds % great) / small);
  return `${Math.floor(seconds / great)} ${greatUnit}${rest ? ` ${rest} ${smallUnit}` : ''}`;
}

/** "604800s" as a number. */
export const seconds = (duration) => Number.parseFloat(duration);

export function ago(time) {
  const passed = (Date.now() - Date.parse(time)) / 1000;
  return passed < 5 ? 'just now' : passed < 10 ? 'seconds ago' : `${span(passed)} ago`;
}

/** A moment: how long ago, with the exact time for those who point at it. */
export function moment(time) {
  return h('time', {datetime: time, title: dates.format(new Date(time))}, ago(time));
}

export function exact(time) {
  return h('time', {datetime: time}, dates.format(new Date(time)));
}

export function timeOfDay(time) {
  return h('time', {datetime: time}, clock.format(new Date(time)));
}

/** READY for BACKUP_STATE_READY. */
export const bare = (name, prefix) => name.slice(prefix.length);
export const backupState = (backup) => bare(backup.state, 'BACKUP_STATE_');
export const verification = (backup) => bare(backup.verification?.state ?? 'VERIFICATION_STATE_UNSPECIFIED', 'VERIFICATION_STATE_');
export const restorationState = (restoration) => bare(restoration.state, 'RESTORATION_STATE_');

export const TYPES = {
  BACKUP_TYPE_ON_DEMAND: 'on demand',
  BACKUP_TYPE_AUTO: 'automatic',
  BACKUP_TYPE_SAFETY: 'safety copy',
};

export const KINDS = {
  RESTORATION_KIND_FULL: 'Everything put back',
  RESTORATION_KIND_PARTIAL: 'Chosen collections put back',
  RESTORATION_KIND_UNDO: 'A restoration undone',
  RESTORATION_KIND_CLONE: 'Put into a new site',
};

export const PHASES = [
  ['PHASE_QUEUED', 'Waiting'],
  ['PHASE_VERIFYING', 'Checking the backup'],
  ['PHASE_STAGING', 'Preparing'],
  ['PHASE_SWITCHING', 'Switching over'],
  ['PHASE_FINALIZING', 'Tidying up'],
];

export const OUTCOMES = {
  RESTORATION_OUTCOME_REPLACED: 'replaced',
  RESTORATION_OUTCOME_CREATED: 'created',
  RESTORATION_OUTCOME_REMOVED: 'removed',
  RESTORATION_OUTCOME_UNCHANGED: 'unchanged',
};
