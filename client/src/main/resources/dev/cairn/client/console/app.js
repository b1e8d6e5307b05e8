// Where in the console somebody is, and the frame around each place.

import {announce, button, confirmDialog, createDialog, empty, failure, field, fill, h} from './dom.js';
import {follow, get, onCaller, path, post, takeKey} from './calls.js';
import {count, exact, plain, size} from './text.js';
import {backups} from './backups.js';
import {content} from './content.js';
import {events, restoration, restorations, restore} from './restoring.js';
import {schedule} from './schedule.js';

const main = document.getElementById('main');
const TABS = [
  ['backups', 'Backups', backups],
  ['content', 'Content', content],
  ['restorations', 'Restorations', restorations],
  ['schedule', 'Schedule', schedule],
  ['events', 'Events', events],
];
const PLACES = {...Object.fromEntries(TABS.map(([name, , show]) => [name, show])), restore, restoration};

let leaving = new AbortController();
let visits = 0;
let stranded = false; // Whether the place could not be shown for want of a good token.

async function show() {
  leaving.abort();
  leaving = new AbortController();
  live(undefined);
  stranded = false;
  const {signal} = leaving;
  const parts = location.hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
  try {
    if (parts[0] === 'site' && parts[1]) {
      await site(parts[1], parts[2] ?? 'backups', parts[3], signal);
    } else {
      await sites(signal);
    }
  } catch (error) {
    if (signal.aborted) return;
    stranded = error.reason === 'UNAUTHENTICATED';
    if (stranded) place('Waiting for a new token', h('p', {}, 'This page comes back by itself.'));
    else place('Something went wrong', failure(error), h('p', {}, h('a', {href: '#/'}, 'All sites')));
  }
}

/** Shows a place, and puts the focus on its heading unless it is the first. */
function place(title, ...children) {
  document.title = `${title} · Cairn`;
  fill(main, h('h1', {tabindex: '-1'}, title), children);
  if (visits++ > 0) main.querySelector('h1').focus();
}

function live(state) {
  const mark = document.getElementById('live');
  mark.hidden = state === undefined;
  mark.className = `live ${state ? 'on' : 'off'}`;
  mark.textContent = state ? 'live' : 'reconnecting';
}

async function sites(signal) {
  const list = h('ul', {class: 'rows'});
  const more = h('div', {class: 'actions'});
  const summary = h('p', {class: 'quiet', role: 'status'});
  const search = h('input', {type: 'search', autocomplete: 'off', spellcheck: 'false'});
  let asked = 0;
  const load = async (prefix, page) => {
    const mine = ++asked;
    const answer = await get('sites', {prefix, page});
    if (signal.aborted || mine !== asked) return;
    const rows = answer.sites.map((each) => h('li', {class: 'row'},
      h('div', {class: 'what'},
        h('a', {class: 'title', href: `#/site/${encodeURIComponent(each.id)}`}, each.id),
        h('p', {class: 'quiet'}, each.displayName && `${each.displayName} · `, 'since ', exact(each.createTime)))));
    if (!page) list.replaceChildren();
    list.append(...rows);
    summary.textContent = count(answer.totalSize, 'site') + (prefix ? ' begin with this' : '');
    more.replaceChildren();
    if (answer.nextPageToken) more.append(button('Show more', {}, () => load(prefix, answer.nextPageToken), more));
    if (!answer.sites.length && !page && !prefix) {
      list.append(empty('There is no site yet.', 'A site owns collections of items, and the backups of them.'));
    }
  };
  search.addEventListener('input', () => load(search.value.trim()).catch((e) => fill(more, failure(e))));
  const create = () => createDialog({
    title: 'New site', what: 'site',
    action: async (made) => {
      const {id} = await post('sites', made);
      announce(`The site ${id} is there.`);
      go('site', id, 'content');
    },
  });
  place('Sites', h('div', {class: 'bar'}, field('Find a site by the beginning of its id', search),
    h('button', {type: 'button', class: 'primary', 'data-key': 'create', onclick: create}, 'New site…')), summary, list, more);
  await load('');
}

async function site(id, tab, detail, signal) {
  const about = await get(path`sites/${id}`);
  if (signal.aborted) return;
  const panel = h('div', {class: 'panel'});
  const {usage} = about;
  const inTab = TABS.some(([name]) => name === tab) ? tab : 'restorations';
  const show = PLACES[tab];
  if (!show) throw {message: 'There is no such page.', hint: 'Choose a site.'};
  const trouble = h('div');
  place(id,
    about.displayName && h('p', {class: 'lead'}, about.displayName),
    h('div', {class: 'bar'}, h('dl', {class: 'facts'},
      fact('Live items', plain(usage?.liveItemCount ?? 0)),
      fact('Live content', size(usage?.liveSizeBytes ?? 0)),
      fact('Only in backups', size(usage?.backupSizeBytes ?? 0))),
      button('Delete the site…', {class: 'quiet danger-text', 'data-key': 'delete-site'}, () => deleteSite(id), trouble)),
    trouble,
    h('nav', {class: 'tabs', 'aria-label': `Parts of ${id}`},
      h('ul', {}, TABS.map(([name, label]) => h('li', {},
        h('a', {
          href: `#/site/${encodeURIComponent(id)}/${name}`,
          'aria-current': name === (tab === 'restore' ? 'backups' : inTab) && 'page',
        }, label))))),
    panel);
  const listeners = new Set();
  const around = {site: id, about, detail, panel, signal, live, onEvent: (f) => listeners.add(f), go, announce};
  await show(around);
  if (listeners.size && !signal.aborted) listen(id, signal, listeners);
}

/** Names all that goes with a site, as it is now, and wants its id typed. */
async function deleteSite(id) {
  const [{usage}, {totalSize}, pending] = await Promise.all([
    get(path`sites/${id}`), get(path`sites/${id}/collections`), get(path`sites/${id}/backups`)]);
  const backups = usage?.backups.length ?? 0;
  const pinned = pending.backups.filter((b) => b.pinned && b.state === 'BACKUP_STATE_READY').length;
  confirmDialog({
    title: `Delete the site ${id}?`,
    text: ['All of it is lost, and cannot be restored from here:', h('ul', {class: 'losses'},
      h('li', {}, `${count(totalSize, 'collection')} with ${count(usage?.liveItemCount ?? 0, 'live item')}`),
      h('li', {}, count(usage?.sandboxItemCount ?? 0, 'sandbox item')),
      h('li', {}, count(backups, 'backup'), pinned > 0 && `, ${pinned} of them pinned`),
      h('li', {}, 'the schedule, restorations and events'))],
    id, verb: 'Delete the site',
    action: async (confirm) => {
      await post(path`sites/${id}/delete`, {confirm});
      announce(`The site ${id} is deleted.`);
      go();
    },
  });
}

const fact = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));

/** Events of the site while its page is open; each may change what is shown. */
async function listen(id, signal, listeners) {
  let after = '';
  try {
    await follow(
      () => path`sites/${id}/events` + (after ? `?after=${encodeURIComponent(after)}` : ''),
      (event) => {
        after = event.cursor;
        listeners.forEach((listener) => listener(event));
      },
      {signal, onLive: live});
  } catch {
    if (!signal.aborted) live(false);
  }
}

function go(...parts) {
  location.hash = `#/${parts.map(encodeURIComponent).join('/')}`;
}

/** Says that the token is no longer good, and looks whether it was renewed. */
function watchCaller() {
  const notice = document.getElementById('caller');
  let waiting;
  const soon = () => {
    clearTimeout(waiting);
    if (!notice.hidden) waiting = setTimeout(() => get('sites').catch(soon), 3000);
  };
  onCaller((may, failed) => {
    if (!may) {
      if (notice.hidden) {
        fill(notice, h('p', {class: 'strong'}, 'The server does not accept the token: ', failed.message),
          h('p', {}, 'Renew the token in the file that “cairn console” was given (--token-file): this page goes on by ' +
            'itself. If it was given with --token, start “cairn console” again with another.'));
        notice.hidden = false;
      }
      soon();
    } else if (!notice.hidden) {
      notice.hidden = true;
      announce('The token is good again.');
      if (stranded) show();
    }
  });
}

async function start() {
  watchCaller();
  if (!takeKey()) {
    place('This link has no key', h('p', {},
      'Open the link that “cairn console” printed: it holds the key of this session.'));
    return;
  }
  try {
    document.getElementById('server').textContent = (await get('about')).server;
  } catch (error) {
    place('The console cannot be used', failure(error));
    return;
  }
  addEventListener('hashchange', () => takeKey() && show());
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    main.focus();
  });
  await show();
}

start();
