// A person's way through the console, in a real browser. Arguments: the link, the browser, where
// screenshots go. Where the content has to be changed or judged from outside, it says so on a line
// and waits for an answer.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');
const {chromium} = require('playwright-core');

const [link, browserPath, pictures] = process.argv.slice(2);
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
    await story(page);
    assert.deepEqual(complaints, [], 'the browser complained');
    await strangers(browser);
    await looks(browser);
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

  step('pins, verifies and deletes');
  await page.getByRole('navigation').getByRole('link', {name: 'Backups'}).click();
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
  await page.getByRole('navigation').getByRole('link', {name: 'Events'}).click();
  await page.getByText('Nothing has happened').waitFor();
  await page.locator('#live.on').waitFor();
  await ask('a backup');
  await page.getByRole('log').getByText(/ready/).waitFor();

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

const focused = (page) => page.evaluate(() => document.activeElement.textContent);

async function tabTo(page, text) {
  for (let i = 0; i < 40; i++) {
    if (await focused(page) === text) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard does not reach "${text}"`);
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
      await page.goto(`${origin}/#/site/shop`);
      await page.getByText('the next to go').waitFor();
      await look('backups');
      await page.getByRole('button', {name: 'Back up now…'}).click();
      await look('backup-dialog');
      await page.keyboard.press('Escape');
      await page.getByRole('button', {name: /^Delete/}).first().click();
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      await look('delete-dialog');
      await page.keyboard.press('Escape');
      await page.getByRole('link', {name: /^Restore/}).last().click();
      await page.getByLabel('Chosen collections').check();
      await look('restore');
      await page.getByLabel('Everything in the backup').check();
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
      await page.goto(`${origin}/#/site/shop/schedule`);
      await page.getByRole('button', {name: 'Save'}).waitFor();
      await look('schedule');
      await page.goto(`${origin}/#/site/shop/events`);
      await page.getByText('Nothing has happened').waitFor();
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
