// Builds what is seen. Text becomes text nodes, whatever it holds; nothing here makes markup of it.

const PROPERTIES = new Set(['value', 'checked', 'disabled', 'max', 'open', 'hidden']);

/** An element: h('p', {class: 'quiet', onclick: f}, 'text', otherElement). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  add(element, children);
  return element;
}

export function add(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === '') continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Replaces the content, and leaves the focus on what has the same key as before. */
export function fill(element, ...children) {
  const active = document.activeElement;
  const key = element.contains(active) ? active.dataset.key : undefined;
  const open = new Set([...element.querySelectorAll('details[open][data-key]')].map((d) => d.dataset.key));
  element.replaceChildren();
  add(element, children);
  element.querySelectorAll('details[data-key]').forEach((d) => {
    if (open.has(d.dataset.key)) d.open = true;
  });
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({preventScroll: true});
  return element;
}

/** Says something to those who listen instead of looking. */
export function announce(text) {
  const announcer = document.getElementById('announcer');
  if (announcer.textContent !== text) announcer.textContent = text;
}

/** What went wrong, why, and what to do now. */
export function failure(error) {
  return h('div', {class: 'notice bad', role: 'alert'},
    h('p', {class: 'strong'}, error.message, error.reason && [' ', h('code', {}, error.reason)]),
    error.violations?.length > 0 &&
      h('ul', {}, error.violations.map((v) => h('li', {}, h('code', {}, v.field), ' ', v.description))),
    error.hint && h('p', {}, error.hint));
}

/** A button that is busy until what it does is done; a failure is shown in `place`. */
export function button(label, attributes, action, place) {
  const element = h('button', {type: 'button', ...attributes}, label);
  element.addEventListener('click', () => busy(element, action, place));
  return element;
}

/** Runs `action` once at a time; answers whether it went well. */
export async function busy(element, action, place) {
  if (element.getAttribute('aria-disabled') === 'true') return false;
  element.setAttribute('aria-disabled', 'true');
  try {
    place?.replaceChildren();
    await action();
    return true;
  } catch (error) {
    if (!place) throw error;
    place.replaceChildren(failure(error));
    return false;
  } finally {
    element.removeAttribute('aria-disabled');
  }
}

let numbers = 0;
const number = () => `n${++numbers}`;

/** A labelled field: the label, the control, a hint. */
export function field(label, control, hint) {
  control.id ||= number();
  const hintId = hint && `${control.id}-hint`;
  if (hint) control.setAttribute('aria-describedby', hintId);
  return h('div', {class: 'field'},
    h('label', {for: control.id}, label), control, hint && h('p', {class: 'hint', id: hintId}, hint));
}

export function checkbox(label, attributes) {
  const id = number();
  return h('div', {class: 'check'},
    h('input', {type: 'checkbox', id, ...attributes}), h('label', {for: id}, label));
}

/**
 * A dialog with a form. `submit` does it and may throw; the dialog closes when it is done. Escape and
 * Cancel close it, and the focus returns to where it was.
 */
export function dialog({title, content, verb, dangerous, submit}) {
  const id = number();
  const place = h('div');
  const confirm = h('button', {class: dangerous ? 'danger' : 'primary'}, verb);
  const box = h('dialog', {'aria-labelledby': id},
    h('form', {
      method: 'dialog',
      onsubmit: async (event) => {
        event.preventDefault();
        if (await busy(confirm, submit, place)) box.close();
      },
    },
    h('h2', {id}, title), content, place,
    h('div', {class: 'actions'},
      h('button', {type: 'button', class: 'quiet', onclick: () => box.close()}, 'Cancel'), confirm)));
  const before = document.activeElement;
  box.addEventListener('close', () => {
    box.remove();
    const key = before?.dataset?.key;
    (before?.isConnected ? before : key && document.querySelector(`[data-key="${CSS.escape(key)}"]`))?.focus?.();
  });
  document.body.append(box);
  box.showModal();
  return box;
}

/** The field in which an id has to be typed before something is destroyed: that of a site, if not of `what`. */
export function confirmation(id, what = 'site') {
  const input = h('input', {
    type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', 'data-key': 'confirm',
  });
  return {
    element: field(['Type ', h('strong', {}, id), ' to confirm'], input),
    check() {
      if (input.value === id) return input.value;
      input.setAttribute('aria-invalid', 'true');
      input.focus();
      throw {message: `This is not the id of the ${what}; nothing was done.`, hint: `Type ${id}.`};
    },
  };
}

/** A dialog for what destroys: says what is lost, and wants the id typed. */
export function confirmDialog({title, text, id, what, verb, action}) {
  const typed = confirmation(id, what);
  return dialog({
    title, verb, dangerous: true,
    content: [[text].flat().map((each) => each instanceof Node ? each : h('p', {}, each)), typed.element],
    submit: () => action(typed.check()),
  });
}

/** A table that can be scrolled where it does not fit; the first cell of a row is its heading. */
export function table(caption, headings, rows) {
  return h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption},
    h('table', {},
      h('caption', {class: 'unseen'}, caption),
      h('thead', {}, h('tr', {}, headings.map((text) => h('th', {scope: 'col'}, text)))),
      h('tbody', {}, rows.map((cells) => h('tr', {},
        cells.map((cell, i) => i === 0 ? h('th', {scope: 'row'}, cell) : h('td', {}, cell)))))));
}

/** A dialog that makes something with an id and a name for people. */
export function createDialog({title, what, action}) {
  const id = h('input', {type: 'text', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false'});
  const name = h('input', {type: 'text', maxlength: '1000', autocomplete: 'off'});
  return dialog({
    title, verb: 'Create it',
    content: [
      field('Id', id, `Letters, digits, dots, hyphens and underscores. The id of a ${what} never changes.`),
      field('Name', name, 'Optional, for people.')],
    submit: () => action({id: id.value.trim(), displayName: name.value}),
  });
}

/** A field for labels, one on each line. */
export function labelsField(labels = {}) {
  const input = h('textarea', {
    rows: '2', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
    value: Object.entries(labels).map(([key, value]) => `${key}=${value}`).join('\n'),
  });
  return {
    element: field('Labels', input, 'Optional: one on each line, such as release=2.1'),
    read: () => Object.fromEntries(input.value.split('\n').filter((line) => line.trim()).map((line) => {
      const equals = line.indexOf('=');
      if (equals < 1) throw {message: `“${line}” is no label.`, hint: 'Write key=value.'};
      return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    })),
  };
}

export function badge(text, kind) {
  return h('span', {class: `badge ${kind ?? ''}`}, text);
}

export function empty(title, text) {
  return h('div', {class: 'empty'}, h('p', {class: 'strong'}, title), text && h('p', {}, text));
}
