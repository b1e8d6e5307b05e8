// What a site holds: its collections, and their items page by page.

import {button, confirmDialog, createDialog, empty, failure, fill, h, table} from './dom.js';
import {get, path, post} from './calls.js';
import {count, exact, plain, size} from './text.js';

export async function content(place) {
  return place.detail ? items(place) : collections(place);
}

async function collections({site, panel, signal, go, announce}) {
  const rows = [];
  const list = h('div');
  const more = h('div', {class: 'actions'});
  const load = async (page) => {
    const answer = await get(path`sites/${site}/collections`, {page});
    if (signal.aborted) return;
    rows.push(...answer.collections.map((c) => [
      h('a', {href: `#/site/${encodeURIComponent(site)}/content/${encodeURIComponent(c.id)}`}, c.id),
      c.displayName, plain(c.liveItemCount), plain(c.sandboxItemCount),
    ]));
    fill(list, rows.length
      ? table('Collections', ['Collection', 'Name', 'Live items', 'Sandbox items'], rows)
      : empty('There is no collection yet.'));
    fill(more, answer.nextPageToken && button('Show more', {}, () => load(answer.nextPageToken), more));
  };
  const create = () => createDialog({
    title: 'New collection', what: 'collection',
    action: async (collection) => {
      const {id} = await post(path`sites/${site}/collections`, collection);
      announce(`The collection ${id} is there.`);
      go('site', site, 'content', id);
    },
  });
  fill(panel, h('div', {class: 'bar'}, h('h2', {}, 'Collections'),
    h('button', {type: 'button', class: 'primary', 'data-key': 'create', onclick: create}, 'New collection…')), list, more);
  await load('');
}

async function items({site, detail, panel, signal, go, announce}) {
  const collection = path`sites/${site}/collections/${detail}`;
  const base = `${collection}/items`;
  const list = h('div');
  const summary = h('p', {class: 'quiet', role: 'status'});
  const before = [];
  let environment = 'live';
  let current = '';
  const choice = (name, label) => h('label', {class: 'choice'},
    h('input', {
      type: 'radio', name: 'environment', value: name, checked: name === environment,
      onchange: () => {
        environment = name;
        before.length = 0;
        load('').catch((error) => fill(list, failure(error)));
      },
    }), label);

  const load = async (page) => {
    const answer = await get(base, {page, environment});
    if (signal.aborted) return;
    current = page;
    const first = before.length * 20;
    summary.textContent = answer.items.length
      ? `Items ${plain(first + 1)} to ${plain(first + answer.items.length)} of ${plain(answer.totalSize)}`
      : 'No items';
    fill(list,
      answer.items.length ? h('ul', {class: 'rows'}, answer.items.map(item)) : empty('There are no items here.'),
      h('div', {class: 'actions'},
        before.length > 0 && button('Previous', {'data-key': 'previous'}, () => load(before.pop()), list),
        answer.nextPageToken && button('Next', {'data-key': 'next'}, () => {
          before.push(current);
          return load(answer.nextPageToken);
        }, list)));
  };

  const item = (each) => {
    const text = h('pre', {tabindex: '0', 'aria-label': `Content of ${each.id}`}, each.excerpt, !each.isWhole && '…');
    const rest = h('div', {});
    if (!each.isWhole) {
      rest.append(button('Show all of it', {class: 'quiet'}, async () => {
        text.textContent = (await get(`${base}/${encodeURIComponent(each.id)}`, {environment})).text;
        rest.replaceChildren();
      }, rest));
    }
    return h('li', {class: 'row'}, h('details', {'data-key': `item-${each.id}`},
      h('summary', {}, h('code', {}, each.id), ' ', h('span', {class: 'quiet'},
        size(each.sizeBytes), ' · revision ', plain(each.revision), ' · ', exact(each.updateTime),
        each.owner && ` · ${each.owner}`)),
      text, rest));
  };

  const trouble = h('div');
  const remove = async () => {
    const {liveItemCount, sandboxItemCount} = await get(collection);
    confirmDialog({
      title: 'Delete this collection?',
      text: [
        `${count(liveItemCount, 'live item')} and ${count(sandboxItemCount, 'sandbox item')} are lost, and the schema and views with them.`,
        'Backups that hold the collection keep its live items as they were then.'],
      id: detail, what: 'collection', verb: 'Delete it',
      action: async (confirm) => {
        await post(`${collection}/delete`, {confirm});
        announce(`The collection ${detail} is deleted.`);
        go('site', site, 'content');
      },
    });
  };

  fill(panel,
    h('div', {class: 'bar'}, h('h2', {}, detail),
      h('div', {class: 'doings'},
        h('a', {href: `#/site/${encodeURIComponent(site)}/content`}, 'All collections'),
        button('Delete…', {class: 'quiet danger-text', 'data-key': 'delete', 'aria-label': `Delete the collection ${detail}`},
          remove, trouble))),
    trouble,
    h('fieldset', {class: 'choices'}, h('legend', {}, 'Which content'), choice('live', 'Live'), choice('sandbox', 'Sandbox')),
    summary, list);
  await load('');
}
