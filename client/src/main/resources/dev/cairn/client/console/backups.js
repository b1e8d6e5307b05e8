// The backups of a site: what there is, what goes next, and what can be done with them.

import {badge, button, checkbox, confirmDialog, dialog, empty, failure, field, fill, h, labelsField} from './dom.js';
import {follow, get, path, post} from './calls.js';
import {backupState, count, exact, moment, size, TYPES, verification} from './text.js';

const GONE = new Set(['DELETED', 'CANCELED']);
const NEXT = 'the next to go';

export async function backups(place) {
  const {site, panel, signal} = place;
  const base = path`sites/${site}/backups`;
  const errors = h('div');
  const list = h('div');
  const following = new Map();
  let pages = 1;
  let showGone = false;

  const create = () => {
    const description = h('input', {type: 'text', maxlength: '1000', autocomplete: 'off'});
    const labels = labelsField();
    const pinned = checkbox('Pin it, so that newer backups do not push it out', {});
    const goes = h('p', {class: 'quiet', role: 'status'}, 'Looking what would go…');
    whatGoes().then((text) => fill(goes, text), (error) => fill(goes, error.message));
    dialog({
      title: `Back up ${site}`,
      content: [goes, field('What is it for?', description, 'Optional, for people.'), labels.element, pinned],
      verb: 'Back up now',
      submit: async () => {
        const {state, id} = await post(base, {
          description: description.value,
          labels: labels.read(),
          pinned: pinned.querySelector('input').checked,
        });
        place.announce(`Backup ${id} is ${state === 'BACKUP_STATE_READY' ? 'ready' : 'on its way'}.`);
        await refresh();
      },
    });
  };

  /** What one more backup made on demand would push out. */
  async function whatGoes() {
    const kept = await get(base, {kept: 'true'});
    const limit = kept.onDemandLimit;
    const places = `${kept.totalSize} of ${count(limit, 'place')} ${kept.totalSize === 1 ? 'is' : 'are'} taken`;
    if (kept.totalSize < limit) return `${places}: none goes for this one.`;
    const id = kept.nextEvictedBackupId;
    if (id) {
      const b = kept.backups.find((each) => each.id === id) ?? await get(`${base}/${encodeURIComponent(id)}`);
      return [`${places}. When the new one is ready, this one goes: `,
        h('strong', {}, b.description || `Backup ${b.id}`), ' of ', exact(b.snapshotTime ?? b.createTime),
        `, with ${count(b.itemCount, 'item')}. Pin it to keep it.`];
    }
    return kept.backups.every((each) => each.pinned)
      ? `${places}, and all are pinned: this will be refused. Unpin or delete one first.`
      : `${places}. Which one goes is decided when the new one is verified.`;
  }

  fill(panel,
    h('div', {class: 'bar'},
      h('h2', {}, 'Backups'),
      h('button', {type: 'button', class: 'primary', 'data-key': 'create', onclick: create}, 'Back up now…')),
    h('p', {class: 'quiet'},
      `A backup holds the live content at one exact moment. Up to ${place.about.onDemandBackupLimit} made on demand are kept; pinned ones stay.`),
    errors, list);

  async function refresh() {
    const all = [];
    let token = '';
    let next = '';
    for (let page = 0; page < pages && (page === 0 || token); page++) {
      const answer = await get(base, {page: token});
      all.push(...answer.backups);
      token = answer.nextPageToken;
      next = answer.nextEvictedBackupId;
    }
    if (signal.aborted) return;
    const gone = all.filter((b) => GONE.has(backupState(b)));
    const shown = showGone ? all : all.filter((b) => !GONE.has(backupState(b)));
    fill(list,
      shown.length
        ? h('ul', {class: 'rows'}, shown.map((b) => row(b, b.id === next)))
        : empty('There is no backup yet.', 'Back up now, or wait for the schedule.'),
      h('div', {class: 'actions'},
        gone.length > 0 && button(showGone ? 'Hide deleted ones' : `Show ${count(gone.length, 'deleted one')}`,
          {class: 'quiet', 'data-key': 'gone'}, () => ((showGone = !showGone), refresh()), errors),
        token && button('Show older', {'data-key': 'older'}, () => (pages++, refresh()), errors)));
    all.filter((b) => backupState(b) === 'PENDING' || verification(b) === 'RUNNING').forEach(watch);
  }

  function row(b, isNext) {
    const state = backupState(b);
    const ready = state === 'READY';
    const name = b.description || `Backup ${b.id}`;
    const act = (text, action, more = {}) =>
      button(text, {'data-key': `${text}-${b.id}`, 'aria-label': `${text} ${name}`, ...more}, action, errors);
    const call = (verb, body) => async () => {
      await post(`${base}/${encodeURIComponent(b.id)}/${verb}`, body);
      await refresh();
    };
    return h('li', {class: 'row', 'data-backup': b.id},
      h('div', {class: 'what'},
        h('h3', {class: 'title'}, b.description || ['Backup of ', exact(b.snapshotTime ?? b.createTime)]),
        h('p', {class: 'badges'},
          badge(state.toLowerCase(), {READY: 'good', FAILED: 'bad', PENDING: 'busy'}[state]),
          ready && verified(b),
          b.pinned && badge('pinned', 'calm'),
          isNext && badge(NEXT, 'warn'),
          Object.entries(b.labels ?? {}).map(([key, value]) => badge(value ? `${key}: ${value}` : key))),
        h('p', {class: 'quiet'},
          moment(b.snapshotTime ?? b.createTime), ' · ', TYPES[b.type] ?? 'backup',
          b.snapshotTime && ` · ${count(b.itemCount, 'item')} in ${count(b.collections.length, 'collection')}`,
          ready && b.sizeBytes > 0 && ` · ${size(b.sizeBytes)}, deleting frees ${size(b.exclusiveSizeBytes)}`),
        b.failure && h('p', {class: 'trouble'}, b.failure.message),
        verification(b) === 'CORRUPT' && h('p', {class: 'trouble'}, b.verification.detail),
        h('p', {class: 'id'}, h('code', {}, b.id))),
      (state === 'PENDING' || verification(b) === 'RUNNING') && progress(b),
      h('div', {class: 'doings'},
        ready && h('a', {
          class: 'button', 'data-key': `restore-${b.id}`, 'aria-label': `Restore ${name}`,
          href: `#/site/${encodeURIComponent(site)}/restore/${encodeURIComponent(b.id)}`,
        }, 'Restore…'),
        ready && act('Verify', call('verify')),
        (ready || state === 'PENDING') && act(b.pinned ? 'Unpin' : 'Pin', call('pin', {pinned: !b.pinned})),
        (ready || state === 'PENDING') && h('button', {
          type: 'button', 'data-key': `Describe-${b.id}`, 'aria-label': `Describe ${name}`, onclick: () => describe(b),
        }, 'Describe…'),
        state === 'PENDING' && act('Cancel', call('cancel')),
        ready && h('button', {
          type: 'button', class: 'quiet danger-text', 'data-key': `Delete-${b.id}`, 'aria-label': `Delete ${name}`,
          onclick: () => remove(b, name),
        }, 'Delete…')));
  }

  function describe(b) {
    const description = h('input', {type: 'text', maxlength: '1000', autocomplete: 'off', value: b.description});
    const labels = labelsField(b.labels);
    dialog({
      title: 'Describe this backup',
      content: [field('What is it for?', description), labels.element],
      verb: 'Save',
      submit: async () => {
        await post(`${base}/${encodeURIComponent(b.id)}/describe`,
          {description: description.value, labels: labels.read(), etag: b.etag});
        place.announce('The backup is described.');
        await refresh();
      },
    });
  }

  function remove(b, name) {
    confirmDialog({
      title: 'Delete this backup?',
      text: `${name}, with ${count(b.itemCount, 'item')}, cannot be restored any more. ` +
        `Deleting it frees ${size(b.exclusiveSizeBytes)}.`,
      id: site, verb: 'Delete it',
      action: async (confirm) => {
        await post(`${base}/${encodeURIComponent(b.id)}/delete`, {confirm});
        place.announce('The backup is deleted.');
        await refresh();
      },
    });
  }

  /** Follows what runs to its end; each step goes only into its own bar. */
  async function watch(b) {
    if (following.has(b.id)) return;
    following.set(b.id, true);
    try {
      await follow(() => `${base}/${encodeURIComponent(b.id)}/watch`, (state) => {
        const bar = list.querySelector(`[data-backup="${CSS.escape(b.id)}"] progress`);
        if (bar && state.progress) bar.value = state.progress.fraction;
        return backupState(state) !== 'PENDING' && verification(state) !== 'RUNNING' ? 'last' : undefined;
      }, {signal});
    } catch (error) {
      if (!signal.aborted) fill(errors, failure(error));
    } finally {
      following.delete(b.id);
      if (!signal.aborted) refresh().catch(() => {});
    }
  }

  let waiting = false;
  place.onEvent(() => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (!signal.aborted) refresh().catch((error) => fill(errors, failure(error)));
    }, 150);
  });
  await refresh();
}

function progress(b) {
  const label = backupState(b) === 'PENDING' ? 'How far the backup has come' : 'How far the check has come';
  return h('progress', {max: 1, value: b.progress?.fraction ?? 0, 'aria-label': label});
}

export function verified(b) {
  switch (verification(b)) {
    case 'VERIFIED':
      return badge(['verified ', moment(b.verification.lastVerifyTime)], 'good');
    case 'CORRUPT':
      return badge('damaged', 'bad');
    case 'RUNNING':
      return badge('being verified', 'busy');
    default:
      return badge('not verified yet');
  }
}
