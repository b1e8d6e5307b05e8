// A person's way through the console, in a real browser. Arguments: the link, the browser, where
// screenshots go, and which way: "all", or "token" where the server wants one. Where the content has to be changed or judged from outside, it says so on a line
// and waits for an answer.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');
const {chromium} = require('playwright-core');

const [link, browserPath, pictures, way] = process.argv.slice(2);
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const answers = readline.createInterface({input: process.stdin})[Symbol.asyncIterator]();
const origin = new URL(link).origin;

async function ask(what) {
  console.log(`ASK ${what}`);
  const {value} = await answers.next();
  assert.equal(value, 'done', what);
}

function step(text) {
  console.log(`-- ${text}`);
}

const WIDTHS = {desktop: {width: 1280, height: 900}, phone: {width: 390, height: 844}};

async function main() {
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await (await browser.newContext({viewport: WIDTHS.desktop})).newPage();
    page.setDefaultTimeout(30_000);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    // A refused request is a part of the story, and a line in the browser's console.
    page.on('console', (message) => message.type() === 'error' && !message.text().includes('status of 400') &&
      complaints.push(message.text()));
    if (way === 'token') {
      await renewal(page);
    } else {
      await story(page);
      assert.deepEqual(complaints, [], 'the browser complained');
      await onAPhone(browser);
      await strangers(browser);
      await looks(browser);
    }
    console.log('the story ended well');
  } finally {
    await browser.close();
  }
}

async function story(page) {
  step('the link opens the console and leaves no key in the address');
  await page.goto(link);
  await page.getByRole('heading', {level: 1, name: 'Sites'}).waitFor();
  assert.equal(page.url(), `${origin}/#/`);
  await page.reload();
  await page.getByRole('link', {name: 'shop', exact: true}).waitFor();

  step('backs up with the keyboard alone');
  await page.getByRole('link', {name: 'shop', exact: true}).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {level: 1, name: 'shop'}).waitFor();
  await tabTo(page, 'Back up now…');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', {name: 'Back up shop'}).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({state: 'detached'});
  assert.equal(await focused(page), 'Back up now…', 'the focus returns to where it was');
  await page.keyboard.press('Enter');
  await page.getByText('0 of 3 places are taken: none goes for this one.').waitFor();
  await page.keyboard.type('Before the <b>update</b>');
  await page.keyboard.press('Enter');
  const backup = page.getByRole('listitem').filter({hasText: 'Before the <b>update</b>'});
  await backup.getByText('ready', {exact: true}).waitFor();
  await backup.getByText(/^verified/).waitFor();
  await backup.getByText('the next to go').waitFor({state: 'detached'});

  step('previews what damage did');
  await ask('damage');
  await backup.getByRole('link', {name: /^Restore/}).click();
  await page.getByLabel('Chosen collections').check();
  await page.getByRole('button', {name: 'Preview'}).click();
  await page.getByRole('alert').getByText('No collection is chosen.').waitFor();
  await page.getByRole('checkbox', {name: /^pages /}).check();
  await page.getByRole('button', {name: 'Preview'}).click();
  await page.getByText('The live content already is exactly what the backup holds.').waitFor();
  await page.getByLabel('Everything in the backup').check();
  await page.getByRole('button', {name: 'Preview'}).click();
  await page.getByRole('heading', {name: 'What would change'}).waitFor();
  assert.deepEqual(await page.locator('.sums li').allTextContents(), ['7 added', '3 changed', '2 removed']);
  await page.getByText('Which items').click();
  await page.getByText('Removed in products').waitFor();

  step('restores only after the site was named, and shows how it goes on');
  await page.getByRole('textbox', {name: 'Type shop to confirm'}).fill('shoe');
  await page.getByRole('button', {name: 'Restore', exact: true}).click();
  await page.getByRole('alert').getByText('This is not the id of the site').waitFor();
  await page.evaluate(() => {
    window.seen = [];
    const look = () => {
      const bar = document.querySelector('#progress progress');
      const here = document.querySelector('.steps [aria-current]')?.textContent;
      const last = window.seen.at(-1);
      if (bar && (last?.[0] !== bar.value || last?.[1] !== here)) window.seen.push([bar.value, here]);
    };
    new MutationObserver(look).observe(document.getElementById('main'), {subtree: true, childList: true, attributes: true, characterData: true});
  });
  await page.getByRole('textbox', {name: 'Type shop to confirm'}).fill('shop');
  await page.keyboard.press('Enter');
  await page.getByText('It is done.', {exact: true}).waitFor({timeout: 120_000});
  const seen = await page.evaluate(() => window.seen);
  console.log(`   progress seen: ${seen.map(([value, here]) => `${Math.round(value * 100)}% ${here ?? ''}`).join(', ')}`);
  const values = seen.map(([value]) => value);
  assert.deepEqual(values, [...values].sort((a, b) => a - b), 'progress went back');
  assert.ok(new Set(values).size >= 4, `the progress was not live: ${values}`);
  assert.ok(seen.some(([, here]) => here), 'no step was shown as the present one');
  assert.equal(await page.locator('.percent').textContent(), '100 %');
  await page.screenshot({path: path.join(pictures, 'restored.png'), fullPage: true});
  await ask('restored');

  step('undoes it');
  await page.getByRole('button', {name: /^Undo/}).click();
  await page.getByRole('textbox', {name: 'Type shop to confirm'}).fill('shop');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {level: 2, name: 'A restoration undone'}).waitFor();
  await page.getByText('It is done.', {exact: true}).waitFor({timeout: 120_000});
  await ask('undone');

  step('puts a collection beside itself');
  await page.getByRole('navigation').getByRole('link', {name: 'Backups'}).click();
  await backup.getByRole('link', {name: /^Restore/}).click();
  await page.getByLabel('Chosen collections').check();
  await page.getByRole('checkbox', {name: /^pages /}).check();
  await page.getByLabel('Put pages into').fill('pages-then');
  await page.getByRole('button', {name: 'Preview'}).click();
  await page.getByRole('rowheader', {name: 'pages into pages-then created'}).waitFor();
  await page.getByRole('textbox', {name: 'Type shop to confirm'}).fill('shop');
  await page.keyboard.press('Enter');
  await page.getByText('It is done.', {exact: true}).waitFor();
  await ask('beside');

  step('puts everything into a new site, and nothing has to be typed for it');
  await page.getByRole('navigation').getByRole('link', {name: 'Backups'}).click();
  await backup.getByRole('link', {name: /^Restore/}).click();
  await page.getByLabel('A new site').check();
  await page.getByRole('button', {name: 'Preview'}).click();
  await page.getByRole('alert').getByText('The new site has no id.').waitFor();
  await page.getByLabel('Id of the new site').fill('shop-then');
  await page.getByRole('button', {name: 'Preview'}).click();
  await page.getByRole('heading', {name: 'Restore it into the new site shop-then'}).waitFor();
  await page.getByRole('button', {name: 'Restore', exact: true}).click();
  await page.getByText('It is done.', {exact: true}).waitFor({timeout: 120_000});
  await page.getByRole('link', {name: 'To the new site'}).click();
  await page.getByRole('heading', {level: 1, name: 'shop-then'}).waitFor();
  await page.getByRole('link', {name: 'products'}).waitFor();
  await ask('cloned');
  await page.goto(`${origin}/#/site/shop`);

  step('pins, verifies and deletes');
  await backup.getByRole('button', {name: /^Pin/}).click();
  await backup.getByText('pinned', {exact: true}).waitFor();
  await backup.getByRole('button', {name: /^Verify/}).click();
  await backup.getByText(/^verified (just now|seconds ago)/).waitFor();
  await backup.getByRole('button', {name: /^Unpin/}).click();
  await backup.getByText('pinned', {exact: true}).waitFor({state: 'detached'});
  await backup.getByRole('button', {name: /^Delete/}).click();
  await page.getByRole('textbox', {name: 'Type shop to confirm'}).fill('shop');
  await page.keyboard.press('Enter');
  await backup.waitFor({state: 'detached'});

  step('shows what others do, as they do it');
  await ask('three backups');
  await page.getByRole('listitem').filter({hasText: 'the next to go'}).getByText('number 1').waitFor();

  step('says what would go before it goes');
  await page.getByRole('button', {name: 'Back up now…'}).click();
  await page.getByRole('dialog').getByText('3 of 3 places are taken. When the new one is ready, this one goes: number 1 of ').waitFor();
  await page.keyboard.press('Escape');
  for (const number of [1, 2, 3]) {
    await page.getByRole('button', {name: `Pin number ${number}`, exact: true}).click();
    await page.getByRole('button', {name: `Unpin number ${number}`, exact: true}).waitFor();
  }
  await page.getByRole('button', {name: 'Back up now…'}).click();
  await page.getByRole('dialog').getByText('all are pinned: this will be refused').waitFor();
  await page.keyboard.press('Escape');
  for (const number of [1, 2, 3]) {
    await page.getByRole('button', {name: `Unpin number ${number}`, exact: true}).click();
    await page.getByRole('button', {name: `Pin number ${number}`, exact: true}).waitFor();
  }

  step('shows what happened, and what happens');
  await page.getByRole('navigation').getByRole('link', {name: 'Events'}).click();
  await page.locator('#live.on').waitFor();
  const events = page.getByRole('log').getByRole('listitem');
  await events.filter({hasText: 'ready'}).first().waitFor();
  const newest = await events.first().textContent();
  await ask('many backups');
  await page.getByText(/^50 of \d+ events that are kept$/).waitFor();
  await events.filter({hasText: newest}).waitFor({state: 'detached'});
  assert.equal(await events.count(), 50);
  const older = page.getByRole('button', {name: 'Show older'});
  for (let shown = 50; await older.count() > 0; shown += 50) {
    await page.waitForFunction((n) => document.querySelectorAll('.events li').length === n, shown);
    await older.click();
  }
  await events.filter({hasText: newest}).waitFor();
  assert.match(await page.getByRole('log').getByRole('listitem').last().textContent(), /Backup \S+ requested$/);

  step('changes the schedule, and says what is wrong with a wrong one');
  await page.getByRole('navigation').getByRole('link', {name: 'Schedule'}).click();
  await page.getByLabel('At certain times').check();
  await page.getByLabel('At', {exact: true}).fill('99 * * * *');
  await page.getByRole('button', {name: 'Save'}).click();
  await page.getByRole('alert').getByText('INVALID_ARGUMENT').waitFor();
  await page.getByLabel('At an interval').check();
  await page.getByLabel('Every').fill('3');
  await page.getByLabel('Pause: take no automatic backups').check();
  await page.getByRole('button', {name: 'Save'}).click();
  await page.getByText('Saved.', {exact: true}).waitFor();
  await ask('schedule');

  step('shows items as text, whatever they hold');
  await page.getByRole('navigation').getByRole('link', {name: 'Content'}).click();
  await page.getByRole('link', {name: 'products'}).click();
  await page.getByText('Items 1 to 20').waitFor();
  await page.getByText('<img src=x').click();
  await page.getByText('12345678901234567890.10').waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  await page.getByRole('button', {name: 'Next'}).click();
  await page.getByText('Items 21 to 40').waitFor();
  await page.getByRole('button', {name: 'Previous'}).click();
  await page.getByText('Items 1 to 20').waitFor();
}

const focused = (page) => page.evaluate(() => {
  const {activeElement: e} = document;
  return e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent;
});

async function tabTo(page, name) {
  const reached = [];
  for (let i = 0; i < 80; i++) {
    const now = await focused(page);
    if (name instanceof RegExp ? name.test(now) : now === name) return;
    reached.push(now.slice(0, 40));
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard does not reach ${name}, only ${reached.join(' | ')}`);
}

/** Goes to a control with the Tab key and presses Enter, or types there. */
async function press(page, name, key = 'Enter') {
  await tabTo(page, name);
  await page.keyboard.press(key);
}

async function type(page, name, text) {
  await tabTo(page, name);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

/** Everything from a site's first day to its last on a phone, without touching it. */
async function onAPhone(browser) {
  const context = await browser.newContext({viewport: WIDTHS.phone, hasTouch: true, reducedMotion: 'reduce'});
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const tab = async (name) => {
    await press(page, name);
    await page.getByRole('heading', {level: 2, name: {Content: 'Collections'}[name] ?? name}).waitFor();
  };
  const typeId = async (id) => {
    await page.getByRole('dialog').waitFor();
    await type(page, /^Type /, id);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({state: 'detached'});
  };

  step('on a phone with keys alone: makes a site and a collection');
  await page.goto(link);
  await page.getByRole('link', {name: 'shop', exact: true}).waitFor();
  await press(page, 'New site…');
  await type(page, 'Id', 'no spaces');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('INVALID_ARGUMENT').waitFor();
  await type(page, 'Id', 'phone');
  await type(page, 'Name', 'Made on a phone');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {level: 1, name: 'phone'}).waitFor();
  await page.getByText('Made on a phone').waitFor();
  await page.getByText('There is no collection yet.').waitFor();
  await press(page, 'New collection…');
  await type(page, 'Id', 'notes');
  await page.keyboard.press('Enter');
  await page.getByText('There are no items here.').waitFor();
  await ask('fill the phone');

  step('on a phone with keys alone: backs up with a label, pins, describes, verifies');
  await tab('Backups');
  await press(page, 'Back up now…');
  await page.getByText('0 of 3 places are taken: none goes for this one.').waitFor();
  await type(page, 'What is it for?', 'First');
  await type(page, 'Labels', 'no label');
  await press(page, 'Back up now');
  await page.getByRole('alert').getByText('“no label” is no label.').waitFor();
  await type(page, 'Labels', 'release=2.1');
  await press(page, 'Back up now');
  const row = page.getByRole('listitem').filter({hasText: 'First'});
  await row.getByText('release: 2.1').waitFor();
  await row.getByText(/^verified/).waitFor();
  await press(page, 'Pin First');
  await row.getByText('pinned', {exact: true}).waitFor();
  await press(page, 'Unpin First');
  await row.getByText('pinned', {exact: true}).waitFor({state: 'detached'});
  await press(page, 'Describe First');
  await type(page, 'What is it for?', 'First of all');
  await type(page, 'Labels', 'release=3');
  await press(page, 'Save');
  await row.getByText('release: 3').waitFor();
  await press(page, 'Verify First of all');
  await row.getByText(/^verified/).waitFor();

  step('on a phone with keys alone: restores what is ticked, beside itself, into a new site, undoes');
  await ask('damage the phone');
  await press(page, 'Restore First of all');
  await page.getByRole('heading', {level: 2, name: 'Restore'}).waitFor();
  await tabTo(page, 'Everything in the backup');
  await page.keyboard.press('ArrowDown');
  await press(page, /^notes /, 'Space');
  await press(page, 'Preview');
  await page.getByRole('heading', {name: 'Restore it'}).waitFor();
  assert.deepEqual(await page.locator('.sums li').allTextContents(), ['5 added', '0 changed', '0 removed']);
  await type(page, 'Type phone to confirm', 'phone');
  await page.keyboard.press('Enter');
  await page.getByText('It is done.', {exact: true}).waitFor();
  await press(page, /^Undo the restoration/);
  await typeId('phone');
  await page.getByRole('heading', {level: 2, name: 'A restoration undone'}).waitFor();
  await page.getByText('It is done.', {exact: true}).waitFor();
  await ask('the phone is undone');
  await tab('Backups');
  await press(page, 'Restore First of all');
  await tabTo(page, 'Everything in the backup');
  await page.keyboard.press('ArrowDown');
  await press(page, /^notes /, 'Space');
  await type(page, 'Put notes into', 'notes-then');
  await tabTo(page, 'This site, phone');
  await page.keyboard.press('ArrowDown');
  await type(page, 'Id of the new site', 'phone-then');
  await press(page, 'Preview');
  await page.getByRole('heading', {name: 'Restore it into the new site phone-then'}).waitFor();
  await press(page, 'Restore');
  await page.getByText('It is done.', {exact: true}).waitFor();
  await press(page, 'To the new site');
  await page.getByRole('link', {name: 'notes-then'}).waitFor();

  step('on a phone with keys alone: pages through items, schedule, events');
  await page.goto(`${origin}/#/site/phone/content/notes`);
  await page.getByText('Items 1 to 20 of 25').waitFor();
  await press(page, 'Next');
  await page.getByText('Items 21 to 25 of 25').waitFor();
  await tab('Schedule');
  await press(page, 'Pause: take no automatic backups', 'Space');
  await press(page, 'Save');
  await page.getByText('Saved.', {exact: true}).waitFor();
  await tab('Events');
  await page.getByRole('log').getByText(/^.*Restoration \S+ completed$/).first().waitFor();

  step('on a phone with keys alone: deletes a backup, a collection, a site, and is told what is lost');
  await tab('Backups');
  await press(page, 'Delete First of all');
  await typeId('phone');
  await row.waitFor({state: 'detached'});
  await tab('Content');
  await press(page, 'notes');
  await press(page, 'Delete the collection notes');
  await page.getByRole('dialog').getByText('25 live items and 0 sandbox items are lost').waitFor();
  await typeId('notes');
  await page.getByText('There is no collection yet.').waitFor();
  await page.goto(`${origin}/#/site/phone-then`);
  await page.getByRole('heading', {level: 1, name: 'phone-then'}).waitFor();
  await press(page, 'Delete the site…');
  await page.getByRole('dialog').getByText('1 collection with 30 live items').waitFor();
  await type(page, /^Type /, 'phone');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('This is not the id of the site').waitFor();
  await typeId('phone-then');
  await page.getByRole('heading', {level: 1, name: 'Sites'}).waitFor();
  await ask('phone-then is gone');
  await context.close();
}

/** With a token that runs out while the page is open. */
async function renewal(page) {
  step('a page over TLS with a certificate and a token');
  await page.goto(link);
  await page.getByRole('link', {name: 'shop', exact: true}).click();
  await page.getByRole('heading', {level: 2, name: 'Backups'}).waitFor();
  await page.locator('#live.on').waitFor();

  for (const how of ['the token has expired', 'the token is gone']) {
    step(`${how}: it says so, and goes on once it is renewed`);
    await ask(how);
    await page.getByRole('link', {name: 'Schedule'}).click();
    await page.getByText('The server does not accept the token').waitFor();
    await page.screenshot({path: path.join(pictures, 'token.png'), fullPage: true});
    await ask('renew');
    await page.getByText('The server does not accept the token').waitFor({state: 'hidden'});
    await page.getByRole('heading', {level: 2, name: 'Schedule'}).waitFor();
    await page.getByRole('link', {name: 'Backups'}).click();
    await page.locator('#live.on').waitFor();
    await ask('a backup');
    await page.getByRole('listitem').filter({hasText: `after: ${how}`}).getByText('ready', {exact: true}).waitFor();
  }

  step('without the right to do it');
  await page.getByRole('button', {name: /^Delete after: the token is gone/}).click();
  await page.getByRole('textbox', {name: 'Type shop to confirm'}).fill('shop');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('PERMISSION_DENIED').waitFor();
  await page.getByRole('alert').getByText('backups.delete').first().waitFor();
}

/** What a page of somebody else in the same browser can do: nothing. */
async function strangers(browser) {
  step('a foreign page gets nothing');
  const stranger = http.createServer((request, response) => response.end('<!doctype html><title>other</title>'));
  await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve));
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${stranger.address().port}/`);
    const got = await page.evaluate(async (console_) => {
      const tries = [
        [`${console_}/api/sites`, {}],
        [`${console_}/api/sites`, {headers: {'X-Cairn-Session': 'guess'}}],
        [`${console_}/api/sites/shop/backups`, {method: 'POST', body: '{}', headers: {'Content-Type': 'text/plain'}}],
        [`${console_}/api/sites/shop/backups`, {method: 'POST', body: '{}', mode: 'no-cors'}],
        [`${console_}/`, {}],
      ];
      return Promise.all(tries.map(([url, options]) =>
        fetch(url, options).then((r) => `${r.type} ${r.status}`, () => 'refused')));
    }, origin);
    assert.ok(got.every((each) => each === 'refused' || each === 'opaque 0'), String(got));
    const bare = await browser.newPage();
    await bare.goto(`${origin}/`);
    await bare.getByText('This link has no key').waitFor();
    await ask('nothing changed');
  } finally {
    stranger.close();
  }
}

/** Every place, light and dark, on a desk and on a phone: accessible, nothing wider than the screen. */
async function looks(browser) {
  const findings = [];
  await ask('damage once more'); // or a preview would have nothing to show
  for (const colorScheme of ['light', 'dark']) {
    for (const [device, viewport] of Object.entries(WIDTHS)) {
      step(`looks at it: ${colorScheme}, ${device}`);
      const context = await browser.newContext({colorScheme, viewport, reducedMotion: 'reduce', hasTouch: device === 'phone'});
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const look = async (name) => {
        await page.screenshot({path: path.join(pictures, `${name}-${device}-${colorScheme}.png`), fullPage: true});
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(wide, 0, `${name} on a ${device} is wider than the screen`);
        const result = await page.evaluate(`${axe}; axe.run(document, {resultTypes: ['violations']})`);
        for (const v of result.violations) {
          findings.push(`${name}-${device}-${colorScheme} ${v.impact} ${v.id}: ${v.nodes.map((n) => n.target).join(' | ')}`);
        }
      };
      await page.goto(link);
      await page.getByRole('link', {name: 'shop', exact: true}).waitFor();
      await look('sites');
      await page.getByRole('button', {name: 'New site…'}).click();
      await look('new-site');
      await page.keyboard.press('Escape');
      await page.goto(`${origin}/#/site/shop`);
      await page.getByText('the next to go').waitFor();
      await look('backups');
      await page.getByRole('button', {name: 'Back up now…'}).click();
      await page.getByText('When the new one is ready, this one goes').waitFor();
      await look('backup-dialog');
      await page.keyboard.press('Escape');
      await page.getByRole('button', {name: /^Describe/}).first().click();
      await look('describe-dialog');
      await page.keyboard.press('Escape');
      await page.getByRole('button', {name: 'Delete the site…'}).click();
      await page.getByText('All of it is lost').waitFor();
      await look('delete-site');
      await page.keyboard.press('Escape');
      await page.getByRole('listitem').getByRole('button', {name: /^Delete/}).first().click();
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await look('delete-dialog');
      await page.keyboard.press('Escape');
      await page.getByRole('link', {name: /^Restore/}).last().click();
      await page.getByLabel('Chosen collections').check();
      await page.getByRole('checkbox', {name: /^pages /}).check();
      await page.getByLabel('A new site').check();
      await look('restore');
      await page.getByLabel('Everything in the backup').check();
      await page.getByLabel('This site').check();
      await page.getByRole('button', {name: 'Preview'}).click();
      await page.getByRole('heading', {name: 'Restore it'}).waitFor();
      await page.locator('summary').first().click();
      await look('preview');
      await page.goto(`${origin}/#/site/shop/restorations`);
      await page.getByRole('link', {name: 'A restoration undone'}).first().waitFor();
      await look('restorations');
      await page.getByRole('link', {name: 'A restoration undone'}).first().click();
      await page.getByText('It is done.', {exact: true}).waitFor();
      await look('restoration');
      await page.goto(`${origin}/#/site/shop/content`);
      await page.getByRole('link', {name: 'products'}).waitFor();
      await look('content');
      await page.getByRole('link', {name: 'products'}).click();
      await page.locator('summary').first().click();
      await look('items');
      await page.getByRole('button', {name: 'Delete the collection products'}).click();
      await page.getByRole('dialog').waitFor();
      await look('delete-collection');
      await page.keyboard.press('Escape');
      await page.goto(`${origin}/#/site/shop/schedule`);
      await page.getByRole('button', {name: 'Save'}).waitFor();
      await look('schedule');
      await page.goto(`${origin}/#/site/shop/events`);
      await page.getByRole('button', {name: 'Show older'}).waitFor();
      await look('events');
      await page.goto(`${origin}/#/site/nowhere`);
      await page.getByText('SITE_NOT_FOUND').waitFor();
      await look('error');
      await context.close();
    }
  }
  findings.forEach((finding) => console.log(`   ${finding}`));
  assert.deepEqual(findings.filter((each) => / (serious|critical) /.test(each)), []);
  console.log(`   findings of any weight: ${findings.length}`);
}

main().then(
  () => process.exit(0), // or it would go on listening for answers
  (error) => {
    console.error(error);
    process.exit(1);
  });
