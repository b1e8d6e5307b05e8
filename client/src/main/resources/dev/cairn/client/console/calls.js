// How the page speaks to the console: calls that answer once, and streams.

const KEY = 'cairn-key';

/** A failure that says what went wrong, why, and what to do now. */
export class CallError extends Error {
  constructor(status, {message, reason, hint, fieldViolations}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.hint = hint;
    this.violations = fieldViolations;
  }
}

/** Takes the key out of the link, so that it stays in no history, and keeps it in this tab. */
export function takeKey() {
  const given = /^#key=([\w-]+)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem(KEY, given[1]);
    history.replaceState(null, '', '/#/');
  }
  return sessionStorage.getItem(KEY) !== null;
}

let mayCall = true;
const callers = new Set();

/** Tells `listener` when the server no longer knows who calls (false, with the failure), and when it does again. */
export const onCaller = (listener) => callers.add(listener);

function caller(may, failure) {
  if (may === mayCall && may) return;
  mayCall = may;
  callers.forEach((listener) => listener(may, failure));
}

/** A call that answers once. */
async function call(method, path, options) {
  try {
    const answer = await (await request(method, path, options)).json();
    if (path !== 'about') caller(true); // This one the console answers by itself.
    return answer;
  } catch (error) {
    if (error.reason === 'UNAUTHENTICATED') caller(false, error);
    else if ([400, 403, 404, 409].includes(error.status)) caller(true);
    throw error;
  }
}

async function request(method, path, {body, signal} = {}) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method,
      signal,
      headers: {
        'X-Cairn-Session': sessionStorage.getItem(KEY) ?? '',
        ...(body && {'Content-Type': 'application/json'}),
      },
      body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new CallError(0, {
      message: 'The console does not answer.',
      hint: 'Does the command "cairn console" still run? Start it again and open its new link.',
    });
  }
  if (!response.ok) {
    const text = await response.text();
    let error = {message: `The console answered ${response.status}.`};
    try {
      error = JSON.parse(text).error ?? error;
    } catch {
      // The status says all there is.
    }
    throw new CallError(response.status, error);
  }
  return response;
}

export async function get(path, parameters = {}) {
  const query = Object.entries(parameters)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return call('GET', query ? `${path}?${query}` : path);
}

export async function post(path, body = {}) {
  return call('POST', path, {body});
}

/** A path whose variable parts may hold anything. */
export const path = (parts, ...values) =>
  parts.reduce((whole, part, i) => whole + encodeURIComponent(values[i - 1]) + part);

/**
 * Reads a stream until it ends or `signal` ends it, and opens it again with growing pauses when it
 * breaks. `on` gets each event by its name and says whether it was the last. A failure that the
 * server names is thrown, but for a token that is no longer good: it may be renewed. `onLive` hears
 * whether the stream is there.
 */
export async function follow(pathOf, on, {signal, onLive = () => {}}) {
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, 8000)) {
    try {
      const response = await request('GET', pathOf(), {signal});
      onLive(true);
      for await (const {event, data} of events(response.body)) {
        pause = 500;
        if (event === 'failure') throw new CallError(502, data.error);
        if (on(data) === 'last') return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error.reason === 'UNAUTHENTICATED') caller(false, error);
      else if (error instanceof CallError && error.status !== 0 && error.status !== 503) throw error;
    }
    onLive(false);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), {once: true});
    });
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      const event = /^event: (.*)$/m.exec(block);
      const data = /^data: (.*)$/m.exec(block);
      if (event && data) yield {event: event[1], data: JSON.parse(data[1])};
    }
  }
}
