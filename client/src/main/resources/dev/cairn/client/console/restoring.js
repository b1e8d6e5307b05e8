// Putting a backup back: choose, preview, confirm, watch, undo. And the events of a site.

import {announce, badge, busy, button, confirmation, confirmDialog, checkbox, empty, failure, field, fill, h, table} from './dom.js';
import {follow, get, path, post} from './calls.js';
import {count, exact, KINDS, moment, OUTCOMES, PHASES, plain, restorationState, seconds, span, timeOfDay} from './text.js';
import {verified} from './backups.js';

const STATE_KINDS = {COMPLETED: 'good', FAILED: 'bad', PENDING: 'busy'};

/** The three steps before a restoration. */
export async function restore(place) {
  const {site, detail, panel, signal, go} = place;
  const base = path`sites/${site}/backups/${detail}`;
  const backup = await get(base);
  if (signal.aborted) return;
  const result = h('div', {'aria-live': 'polite'});
  const errors = h('div');
  const boxes = backup.collections.map((c) => {
    const other = h('input', {
      type: 'text', 'data-into': c.collectionId, placeholder: c.collectionId, autocomplete: 'off',
      autocapitalize: 'off', spellcheck: 'false', oninput: () => forget(),
    });
    const into = h('div', {class: 'into', hidden: true}, field(['Put ', h('code', {}, c.collectionId), ' into'], other));
    return h('div', {}, checkbox(
      [h('code', {}, c.collectionId), ` ${count(c.itemCount, 'item')}`],
      {value: c.collectionId, onchange: (event) => ((into.hidden = !event.target.checked), forget())}), into);
  });
  const chosen = h('fieldset', {class: 'boxes', hidden: true}, h('legend', {}, 'Collections'), boxes);
  const newSite = h('input', {
    type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', oninput: () => forget(),
  });
  const elsewhere = h('div', {class: 'elsewhere', hidden: true},
    field('Id of the new site', newSite, `It must not exist yet; ${site} stays as it is.`));
  const choice = (name, value, label, checked, shown) => h('label', {class: 'choice'},
    h('input', {
      type: 'radio', name, value, checked,
      onchange: () => ((shown.hidden = value === 'all'), forget()),
    }), label);
  const forget = () => result.replaceChildren();

  const preview = async () => {
    const some = !chosen.hidden;
    const collections = some
      ? [...chosen.querySelectorAll('input:checked')].map((input) => input.value)
      : [];
    if (some && !collections.length) {
      throw {message: 'No collection is chosen.', hint: 'Choose at least one, or everything.'};
    }
    const into = Object.fromEntries(collections
      .map((id) => [id, chosen.querySelector(`[data-into="${CSS.escape(id)}"]`).value.trim()])
      .filter(([id, other]) => other && other !== id));
    const destinationSite = elsewhere.hidden ? '' : newSite.value.trim();
    if (!elsewhere.hidden && !destinationSite) {
      throw {message: 'The new site has no id.', hint: 'Give it one, or restore into this site.'};
    }
    const selection = {collections, into, destinationSite};
    fill(result, h('p', {class: 'quiet'}, 'Comparing…'));
    try {
      const answer = await post(`${base}/preview`, selection);
      if (!signal.aborted) showPreview(answer, selection);
    } catch (error) {
      forget();
      throw error;
    }
  };

  function showPreview(answer, selection) {
    const {destinationSite} = selection;
    const sum = (name) => answer.collections.reduce((n, c) => n + c[name], 0);
    const total = {added: sum('addedCount'), changed: sum('changedCount'), removed: sum('removedCount')};
    const typed = confirmation(site);
    const trouble = h('div');
    const submit = h('button', {class: destinationSite ? 'primary' : 'danger'}, 'Restore');
    const same = total.added + total.changed + total.removed === 0;
    fill(result,
      h('h3', {}, 'What would change'),
      h('ul', {class: 'sums'},
        h('li', {class: 'added'}, h('strong', {}, plain(total.added)), ' added'),
        h('li', {class: 'changed'}, h('strong', {}, plain(total.changed)), ' changed'),
        h('li', {class: 'removed'}, h('strong', {}, plain(total.removed)), ' removed')),
      same && h('p', {}, 'The live content already is exactly what the backup holds.'),
      table('What would change in each collection',
        ['Collection', 'Live now', 'In the backup', 'Added', 'Changed', 'Removed'],
        answer.collections.map((c) => [
          [c.collectionId,
            c.destination?.collectionId !== c.collectionId && ` into ${c.destination.collectionId}`,
            ' ', c.outcome === 'RESTORATION_OUTCOME_CREATED' && badge('created', 'calm')],
          plain(c.liveCount), plain(c.backupCount), plain(c.addedCount), plain(c.changedCount), plain(c.removedCount),
        ])),
      samples(answer),
      h('form', {
        class: 'confirm',
        onsubmit: (event) => {
          event.preventDefault();
          busy(submit, async () => {
            const started = await post(`${base}/restore`, {
              ...selection, previewToken: answer.previewToken, confirm: destinationSite ? '' : typed.check(),
            });
            go('site', site, 'restoration', started.id);
          }, trouble);
        },
      },
      h('h3', {}, destinationSite ? ['Restore it into the new site ', h('code', {}, destinationSite)] : 'Restore it'),
      h('p', {}, destinationSite
        ? `Nothing is replaced: ${site} stays as it is. The new site appears when it is whole.`
        : 'Reads go on throughout. What is replaced is kept as a safety copy, so that this can be undone. ' +
          'If the content changes before you confirm, nothing is done.'),
      !destinationSite && typed.element, trouble,
      h('div', {class: 'actions'}, submit)));
    announce(`${plain(total.added)} items would be added, ${plain(total.changed)} changed, ${plain(total.removed)} removed.`);
  }

  const look = h('button', {class: 'primary', 'data-key': 'preview'}, 'Preview');
  fill(panel,
    h('div', {class: 'bar'}, h('h2', {}, 'Restore')),
    h('div', {class: 'card'},
      h('p', {class: 'strong'}, backup.description || `Backup ${backup.id}`),
      h('p', {class: 'badges'}, verified(backup)),
      h('p', {class: 'quiet'}, 'Content of ', exact(backup.snapshotTime ?? backup.createTime), ' (',
        moment(backup.snapshotTime ?? backup.createTime), `), ${count(backup.itemCount, 'item')} in ${count(backup.collections.length, 'collection')}`)),
    h('form', {onsubmit: (event) => {
      event.preventDefault();
      busy(look, preview, errors);
    }},
    h('fieldset', {class: 'choices'}, h('legend', {}, 'What to put back'),
      choice('what', 'all', 'Everything in the backup', true, chosen),
      choice('what', 'some', 'Chosen collections', false, chosen)),
    chosen,
    h('fieldset', {class: 'choices'}, h('legend', {}, 'Where to'),
      choice('where', 'all', ['This site, ', h('code', {}, site)], true, elsewhere),
      choice('where', 'new', 'A new site', false, elsewhere)),
    elsewhere, errors,
    h('div', {class: 'actions'}, look)),
    result);
}

function samples(answer) {
  const lists = answer.collections.flatMap((c) => [
    ['Added', c.addedCount, c.addedItemIds], ['Changed', c.changedCount, c.changedItemIds],
    ['Removed', c.removedCount, c.removedItemIds],
  ].filter(([, n]) => n > 0).map(([what, n, ids]) =>
    h('li', {}, `${what} in ${c.collectionId}: `, ids.map((id, i) => [i > 0 && ', ', h('code', {}, id)]),
      n > ids.length && ` and ${plain(n - ids.length)} more`)));
  return lists.length > 0 && h('details', {}, h('summary', {}, 'Which items'), h('ul', {class: 'samples'}, lists));
}

/** One restoration, live until its end. */
export async function restoration(place) {
  const {site, detail, panel, signal} = place;
  const base = path`sites/${site}/restorations/${detail}`;
  const heading = h('h2', {}, 'Restoration');
  const bar = h('progress', {max: 1, value: 0, 'aria-label': 'How far the restoration has come'});
  const percent = h('span', {class: 'percent'});
  const now = h('p', {class: 'now'});
  const steps = PHASES.map(([name, label]) => [name, h('li', {}, label)]);
  const rows = h('div');
  const log = h('ol', {class: 'log', 'aria-label': 'Log'});
  const end = h('div');
  const errors = h('div');
  fill(panel, h('div', {class: 'bar'}, heading), errors, end,
    h('div', {class: 'card', id: 'progress'}, h('div', {class: 'meter'}, bar, percent), now,
      h('ol', {class: 'steps', 'aria-label': 'Steps'}, steps.map(([, li]) => li))),
    rows, h('details', {open: true}, h('summary', {}, 'Log'), log));

  let said = '';
  const say = (text) => text !== said && announce((said = text));

  const show = (r) => {
    const state = restorationState(r);
    const p = r.progress;
    const done = state !== 'PENDING';
    heading.textContent = KINDS[r.kind] ?? 'Restoration';
    if (p) {
      bar.value = p.fraction;
      percent.textContent = `${Math.floor(p.fraction * 100)} %`;
      const at = steps.findIndex(([name]) => name === p.phase);
      steps.forEach(([, li], i) => {
        li.className = state === 'COMPLETED' || i < at ? 'done' : i === at ? (done ? 'stopped' : 'here') : '';
        if (i === at && !done) li.setAttribute('aria-current', 'step');
        else li.removeAttribute('aria-current');
      });
      now.textContent = done ? '' : [
        PHASES[at]?.[1] ?? '',
        p.items?.total ? `${plain(p.items.done)} of ${count(p.items.total, 'item')}` : '',
        p.etaHigh ? `about ${span(seconds(p.etaHigh))} left` : '',
      ].filter(Boolean).join(' · ');
      if (!done) say(`${PHASES[at]?.[1] ?? ''}, ${Math.floor(p.fraction * 4) * 25} percent`);
      const lines = r.log?.length ? r.log : p.logTail ?? [];
      if (lines.length) {
        fill(log, lines.map((line) => h('li', {class: line.severity === 'LOG_SEVERITY_INFO' ? '' : 'trouble'},
          timeOfDay(line.time), ' ', line.message)));
      }
    }
    if (p?.collectionProgress?.length > 1 && !done) {
      fill(rows, table('Collections', ['Collection', 'Items done', 'Items'],
        p.collectionProgress.map((c) => [c.collectionId, plain(c.items?.done ?? 0), plain(c.items?.total ?? 0)])));
    }
    if (done) finish(r, state);
    else fill(end, button('Cancel', {class: 'quiet', 'data-key': 'cancel'}, () => post(`${base}/cancel`), errors));
    return done ? 'last' : undefined;
  };

  function finish(r, state) {
    const took = r.startTime && r.finishTime
      ? `${span((Date.parse(r.finishTime) - Date.parse(r.startTime)) / 1000)}` : '';
    const result = {
      COMPLETED: ['good', 'It is done.', `The restored content is in use, durably${took && `, after ${took}`}.` +
        (r.writePause ? ` Writes waited for at most ${span(seconds(r.writePause))}.` : '')],
      FAILED: ['bad', 'It failed.', `The content is exactly what it was. ${r.failure?.message ?? ''}`],
      CANCELED: ['', 'It was cancelled.', 'The content is exactly what it was.'],
    }[state];
    fill(end, h('div', {class: `notice ${result[0]}`},
      h('p', {class: 'strong'}, result[1]), h('p', {}, result[2]),
      h('div', {class: 'doings'},
        state === 'COMPLETED' && r.safetyBackupId && undoButton(place, r),
        state === 'COMPLETED' && r.destinationSiteId && r.destinationSiteId !== site && h('a', {
          class: 'button', href: `#/site/${encodeURIComponent(r.destinationSiteId)}/content`,
        }, 'To the new site'),
        h('a', {class: 'button', href: `#/site/${encodeURIComponent(site)}/backups`}, 'To the backups'))));
    fill(rows, r.collections.length > 0 && table('What became of the collections', ['Collection', 'Items', 'Outcome'],
      r.collections.map((c) => [c.destination?.collectionId || c.collectionId, plain(c.itemCount), OUTCOMES[c.outcome] ?? '–'])));
    say(`${result[1]} ${result[2]}`);
  }

  try {
    await new Promise((resolve, reject) => {
      follow(() => `${base}/watch`, (r) => {
        resolve();
        return show(r);
      }, {signal}).then(resolve, reject);
    });
  } catch (error) {
    if (!signal.aborted) fill(errors, failure(error));
  }
}

function undoButton(place, r) {
  return h('button', {
    type: 'button', 'data-key': `undo-${r.id}`, 'aria-label': `Undo the restoration ${r.id}`,
    onclick: () => confirmDialog({
      title: 'Undo this restoration?',
      text: 'What it replaced is put back. What was written since is replaced, too, and kept as a safety copy.',
      id: place.site, verb: 'Undo it',
      action: async (confirm) => {
        const started = await post(path`sites/${place.site}/restorations/${r.id}/undo`, {confirm});
        place.go('site', place.site, 'restoration', started.id);
      },
    }),
  }, 'Undo…');
}

/** All restorations of a site. */
export async function restorations(place) {
  const {site, panel, signal} = place;
  const list = h('div');
  const errors = h('div');
  let pages = 1;
  const refresh = async () => {
    const all = [];
    let token = '';
    for (let page = 0; page < pages && (page === 0 || token); page++) {
      const answer = await get(path`sites/${site}/restorations`, {page: token});
      all.push(...answer.restorations);
      token = answer.nextPageToken;
    }
    if (signal.aborted) return;
    fill(list, all.length ? h('ul', {class: 'rows'}, all.map(row)) : empty('Nothing was restored yet.'),
      h('div', {class: 'actions'}, token && button('Show older', {}, () => (pages++, refresh()), errors)));
  };
  const row = (r) => {
    const state = restorationState(r);
    return h('li', {class: 'row'},
      h('div', {class: 'what'},
        h('h3', {class: 'title'}, h('a', {
          href: `#/site/${encodeURIComponent(site)}/restoration/${encodeURIComponent(r.id)}`, 'data-key': `to-${r.id}`,
        }, KINDS[r.kind] ?? 'Restoration')),
        h('p', {class: 'badges'}, badge(state.toLowerCase(), STATE_KINDS[state])),
        h('p', {class: 'quiet'}, moment(r.createTime), ' · from the backup of ',
          exact(r.backup?.snapshotTime ?? r.backup?.createTime ?? r.createTime),
          ` · ${count(r.collections.length, 'collection')}`,
          r.destinationSiteId && r.destinationSiteId !== site && [' · into ', h('code', {}, r.destinationSiteId)]),
        r.failure && h('p', {class: 'trouble'}, r.failure.message),
        h('p', {class: 'id'}, h('code', {}, r.id))),
      h('div', {class: 'doings'}, state === 'COMPLETED' && r.safetyBackupId && undoButton(place, r)));
  };
  fill(panel, h('div', {class: 'bar'}, h('h2', {}, 'Restorations')), errors, list);
  place.onEvent((event) => event.restorationStateChanged && refresh().catch((e) => fill(errors, failure(e))));
  await refresh();
}

const EVENTS_ON_A_PAGE = 50;

/** What happened, newest first, and what happens, as it happens. */
export async function events({site, panel, signal, live}) {
  const all = []; // oldest first
  const log = h('ol', {class: 'log events'});
  const more = h('div', {class: 'actions'});
  let shown = EVENTS_ON_A_PAGE;
  let due = false;
  const show = () => {
    due = false;
    if (signal.aborted) return;
    // Rows that are there stay: whoever listens hears only the new ones.
    const rows = new Map([...log.children].map((li) => [li.dataset.event, li]));
    const wanted = all.slice(-shown).reverse().map((e) => rows.get(e.id) ?? h('li', {'data-event': e.id},
      exact(e.time), ' ', sentence(e)));
    wanted.forEach((li, i) => log.children[i] !== li && log.insertBefore(li, log.children[i] ?? null));
    while (log.children.length > wanted.length) log.lastChild.remove();
    fill(more, all.length > shown && button('Show older', {'data-key': 'older'}, () => ((shown += EVENTS_ON_A_PAGE), show()), more),
      all.length > 0
        ? h('p', {class: 'quiet'}, `${plain(Math.min(shown, all.length))} of ${count(all.length, 'event')} that are kept`)
        : empty('Nothing has happened yet.', 'Backups and restorations appear here by themselves.'));
  };
  const soon = () => {
    if (!due) setTimeout(show, 100);
    due = true;
  };
  fill(panel, h('div', {class: 'bar'}, h('h2', {}, 'Events')),
    h('div', {role: 'log', 'aria-label': 'Events'}, log), more);
  soon();
  let after = '';
  follow(
    () => path`sites/${site}/events` + (after ? `?after=${encodeURIComponent(after)}` : '?past=true'),
    (event) => {
      after = event.cursor;
      all.push(event);
      soon();
    },
    {signal, onLive: live}).catch((error) => !signal.aborted && fill(more, failure(error)));
}

function sentence(event) {
  const b = event.backupStateChanged;
  const r = event.restorationStateChanged;
  const code = (id) => h('code', {}, id);
  const lower = (name, prefix) => name.slice(prefix.length).toLowerCase().replace('_', ' ');
  if (b) {
    const checked = b.previousVerificationState !== b.backup.verification?.state &&
      b.previousState === b.backup.state;
    const what = checked
      ? `found ${lower(b.backup.verification.state, 'VERIFICATION_STATE_')}`
      : b.previousState === b.backup.state ? 'started' : lower(b.backup.state, 'BACKUP_STATE_').replace('pending', 'requested');
    return ['Backup ', code(b.backup.id), ` ${what}`];
  }
  if (r) {
    const what = r.previousState === r.restoration.state
      ? 'started' : lower(r.restoration.state, 'RESTORATION_STATE_').replace('pending', 'requested');
    return ['Restoration ', code(r.restoration.id), ` ${what}`];
  }
  return ['Something newer than this page'];
}
