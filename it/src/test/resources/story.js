// A site's story, told by a client that has only the .proto files: create, import, back up, damage,
// restore with live progress, undo, and meet an error. Usage: node story.js PROTOS HOST:PORT
const assert = require('node:assert');
const {randomUUID} = require('node:crypto');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [protos, address] = process.argv.slice(2);
const names = ['site', 'collection', 'item', 'backup', 'restoration'];
const definition = loader.loadSync(
  names.map((name) => `cairn/v1/${name}_service.proto`),
  {includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true});
const {cairn} = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createInsecure();
const client = (service) => new cairn.v1[service](address, credentials);
const sites = client('SiteService');
const items = client('ItemService');
const backups = client('BackupService');
const restorations = client('RestorationService');

const call = (stub, method, request) =>
  new Promise((resolve, reject) =>
    stub[method](request, (error, answer) => (error ? reject(error) : resolve(answer))));

const site_id = 'node';
const collection_id = 'animals';
const item = (id, document) => ({id, data: Buffer.from(JSON.stringify(document), 'utf8')});

async function importAll() {
  const stream = items.ImportItems();
  const acknowledgements = [];
  const ended = new Promise((resolve, reject) => {
    stream.on('data', (message) => acknowledgements.push(message));
    stream.on('error', reject);
    stream.on('end', resolve);
  });
  stream.write({site_id, collection_id, import_id: randomUUID(), create_collection: true});
  for (let batch = 1; batch <= 10; batch++) {
    const of = (i) => item(`animal-${batch * 1000 + i}`, {name: 'Ünïcörn 🦄', n: batch * 1000 + i});
    stream.write({batch_sequence: batch, items: Array.from({length: 100}, (_, i) => of(i))});
  }
  stream.end();
  await ended;
  const last = acknowledgements.at(-1);
  assert.equal(last.acknowledged_sequence, '10');
  assert.equal(last.inserted_count, '1000');
}

/** All states of a watch until its end. */
async function watch(stub, method, request, field) {
  const states = [];
  for await (const message of stub[method](request)) {
    if (!message.heartbeat) states.push(message[field]);
  }
  return states;
}

async function exported() {
  const all = new Map();
  for await (const message of items.ExportItems({site_id, collection_id})) {
    for (const each of message.items) all.set(each.id, each.data.toString('utf8'));
  }
  return all;
}

async function main() {
  const {site} = await call(sites, 'CreateSite', {site_id, display_name: 'From Node'});
  assert.equal(site.on_demand_backup_limit, 3);
  await importAll();
  const before = await exported();
  assert.equal(before.size, 1000);
  assert.equal(before.get('animal-1000'), '{"name":"Ünïcörn 🦄","n":1000}');

  const {backup} = await call(backups, 'CreateBackup', {site_id, request_id: randomUUID()});
  const made = await watch(backups, 'WatchBackup', {site_id, backup_id: backup.id}, 'backup');
  assert.equal(made.at(-1).state, 'BACKUP_STATE_READY');
  assert.equal(made.at(-1).item_count, '1000');

  await call(items, 'TruncateCollection', {site_id, collection_id});
  await call(items, 'SaveItem', {site_id, collection_id, item: item('stray', {})});
  const damaged = await exported();
  assert.equal(damaged.size, 1);

  const answer = await call(restorations, 'RestoreBackup', {site_id, backup_id: backup.id});
  const restoration_id = answer.restoration.id;
  const run = await watch(restorations, 'WatchRestoration', {site_id, restoration_id}, 'restoration');
  assert.equal(run.at(-1).state, 'RESTORATION_STATE_COMPLETED');
  const fractions = run.map((each) => each.progress.fraction);
  assert.deepEqual(fractions, [...fractions].sort((a, b) => a - b));
  assert.equal(fractions.at(-1), 1);
  assert.deepEqual(await exported(), before);

  const undo = await call(restorations, 'UndoRestoration', {site_id, restoration_id});
  await watch(restorations, 'WatchRestoration', {site_id, restoration_id: undo.restoration.id}, 'restoration');
  assert.deepEqual(await exported(), damaged);
  const again = await call(restorations, 'RestoreBackup', {site_id, backup_id: backup.id});
  await watch(restorations, 'WatchRestoration', {site_id, restoration_id: again.restoration.id}, 'restoration');

  const refused = await call(backups, 'GetBackup', {site_id, backup_id: 'no-such-backup'})
    .then(() => assert.fail('not refused'), (error) => error);
  assert.equal(refused.code, grpc.status.NOT_FOUND);
  assert.ok(refused.metadata.get('grpc-status-details-bin')[0].includes('BACKUP_NOT_FOUND'));
  console.log('the story ended well');
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
