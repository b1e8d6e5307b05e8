// Where in the console somebody is, and the frame around each place.

import {announce, button, empty, failure, field, fill, h} from './dom.js';
import {follow, get, path, takeKey} from './calls.js';
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

async function show() {
  leaving.abort();
  leaving = new AbortController();
  live(undefined);
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
    place('Something went wrong', failure(error), h('p', {}, h('a', {href: '#/'}, 'All sites')));
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
      list.append(empty('There is no site yet.', 'Make one: cairn site create shop'));
    }
  };
  search.addEventListener('input', () => load(search.value.trim()).catch((e) => fill(more, failure(e))));
  place('Sites', field('Find a site by the beginning of its id', search), summary, list, more);
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
  place(id,
    about.displayName && h('p', {class: 'lead'}, about.displayName),
    h('dl', {class: 'facts'},
      fact('Live items', plain(usage?.liveItemCount ?? 0)),
      fact('Live content', size(usage?.liveSizeBytes ?? 0)),
      fact('Only in backups', size(usage?.backupSizeBytes ?? 0))),
    h('nav', {class: 'tabs', 'aria-label': `Parts of ${id}`},
      h('ul', {}, TABS.map(([name, label]) => h('li', {},
        h('a', {
          href: `#/site/${encodeURIComponent(id)}/${name}`,
          'aria-current': name === (tab === 'restore' ? 'backups' : inTab) && 'page',
        }, label))))),
    panel);
  const listeners = new Set();
  const around = {site: id, about, detail, panel, signal, onEvent: (f) => listeners.add(f), go, announce};
  await show(around);
  if (listeners.size && !signal.aborted) listen(id, signal, listeners);
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

async function start() {
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
