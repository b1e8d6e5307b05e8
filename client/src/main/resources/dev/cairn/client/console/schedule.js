// When a site's automatic backups are taken and how long they are kept.

import {busy, checkbox, field, fill, h} from './dom.js';
import {get, path, post} from './calls.js';
import {exact, moment, seconds} from './text.js';

const UNITS = [['days', 86400], ['hours', 3600], ['minutes', 60]];

export async function schedule(place) {
  const {site, panel, signal} = place;
  const base = path`sites/${site}/schedule`;

  const show = (s, saved) => {
    const isCron = Boolean(s.cron);
    const every = s.interval ? seconds(s.interval) : 604800;
    const [unit, length] = UNITS.find(([, n]) => every % n === 0) ?? UNITS[2];
    const number = h('input', {type: 'number', min: '1', step: '1', value: Math.round(every / length), required: true});
    const units = h('select', {},
      UNITS.map(([name]) => h('option', {value: name, selected: name === unit && 'selected'}, name)));
    const cron = h('input', {type: 'text', value: s.cron ?? '30 3 * * *', autocomplete: 'off', spellcheck: 'false'});
    const zone = h('input', {type: 'text', value: s.timeZone || 'UTC', autocomplete: 'off', spellcheck: 'false'});
    const keep = h('input', {type: 'number', min: '1', max: '1000', step: '1', value: s.retention?.count || 4});
    const age = h('input', {
      type: 'number', min: '0', max: '3660', step: '1',
      value: s.retention?.maxAge ? Math.round(seconds(s.retention.maxAge) / 86400) : 0,
    });
    const interval = h('div', {class: 'pair', hidden: isCron}, field('Every', number), field('Unit', units));
    const times = h('div', {hidden: !isCron},
      field('At', cron, 'Minute, hour, day of month, month, day of week. 30 3 * * 1-5 is half past three on weekdays.'),
      field('Time zone', zone, 'Such as Europe/Berlin.'));
    const paused = checkbox('Pause: take no automatic backups', {checked: s.paused});
    const trouble = h('div');
    const save = h('button', {class: 'primary', 'data-key': 'save'}, 'Save');
    let byCron = isCron;
    const choice = (value, label) => h('label', {class: 'choice'}, h('input', {
      type: 'radio', name: 'timing', checked: value === isCron,
      onchange: () => ((byCron = value), (interval.hidden = value), (times.hidden = !value)),
    }), label);

    fill(panel,
      h('div', {class: 'bar'}, h('h2', {}, 'Schedule')),
      saved && h('div', {class: 'notice good', role: 'status'}, h('p', {}, 'Saved.')),
      h('dl', {class: 'facts'},
        h('div', {}, h('dt', {}, 'Next automatic backup'), h('dd', {}, s.paused ? 'paused' : s.nextRunTime ? exact(s.nextRunTime) : '–')),
        h('div', {}, h('dt', {}, 'Last one'), h('dd', {}, s.lastRunTime ? moment(s.lastRunTime) : 'none yet'))),
      h('form', {
        class: 'card', novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          busy(save, async () => {
            const timing = byCron
              ? {cron: cron.value, timeZone: zone.value}
              : {intervalSeconds: Math.round(Number(number.value) * UNITS.find(([name]) => name === units.value)[1])};
            const changed = await post(base, {
              ...timing,
              paused: paused.querySelector('input').checked,
              keepCount: Math.round(Number(keep.value)),
              keepSeconds: Math.round(Number(age.value) * 86400),
              etag: s.etag,
            });
            show(changed, true);
            place.announce('The schedule is saved.');
          }, trouble);
        },
      },
      h('fieldset', {class: 'choices'}, h('legend', {}, 'When'),
        choice(false, 'At an interval'), choice(true, 'At certain times')),
      interval, times,
      h('div', {class: 'pair'},
        field('Keep at most', keep, 'Automatic backups, not counting pinned ones.'),
        field('Keep for days', age, '0 for any age.')),
      paused, trouble,
      h('div', {class: 'actions'}, save)));
  };

  const current = await get(base);
  if (!signal.aborted) show(current, false);
}
