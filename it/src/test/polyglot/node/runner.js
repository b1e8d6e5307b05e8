// Makes the calls that come in as lines of JSON, with the .proto files read at run time; it/README.md says
// which lines.
const {readFileSync} = require('node:fs');
const readline = require('node:readline');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const {Json} = require('./json.js');

const names = ['backup', 'backup_schedule', 'collection', 'event', 'item', 'restoration', 'site'];
const definition = loader.loadSync(
  [...names.map((name) => `cairn/v1/${name}_service.proto`), 'google/rpc/status.proto', 'google/rpc/error_details.proto'],
  {includeDirs: [process.env.PROTOS], keepCase: true, longs: String, enums: String, bytes: String});

const json = new Json(definition);

const {CAIRN_ADDRESS, CAIRN_CA, CAIRN_TOKEN} = process.env;
const credentials = CAIRN_CA
  ? grpc.credentials.createSsl(readFileSync(CAIRN_CA))
  : grpc.credentials.createInsecure();
const stubs = {};
for (const [name, service] of Object.entries(definition)) {
  if (!('format' in service)) {
    stubs[name] = new (grpc.makeGenericClientConstructor(service, name))(CAIRN_ADDRESS, credentials);
  }
}

function answerOf(error, messages) {
  const [trailer] = error.metadata?.get('grpc-status-details-bin') ?? [];
  const details = trailer ? json.decode('google.rpc.Status', trailer).details : [];
  return {
    code: grpc.status[error.code],
    message: error.details,
    messages,
    details: details.map(({type_url: type, value}) => ({
      '@type': type,
      ...json.decode(type.split('/')[1], Buffer.from(value, 'base64')),
    })),
  };
}

// Sends on only while at most `window` batches wait for their acknowledgement, and the stream takes more.
async function send(call, messages, window, state) {
  for (const message of messages) {
    while (!state.ended && Number(message.batch_sequence ?? 0) - state.acknowledged > window) {
      await new Promise((resolve) => { state.wake = resolve; });
    }
    if (state.ended) return;
    if (!call.write(message)) await new Promise((resolve) => { call.once('drain', resolve); state.wake = resolve; });
  }
  call.end();
}

// A server whose clock is over first resets the stream, which grpc-js calls CANCELLED; as proto/README.md says.
function inTime(answer, deadline) {
  const over = Date.now() + 10 >= deadline;
  return answer.code === 'CANCELLED' && over ? {...answer, code: 'DEADLINE_EXCEEDED'} : answer;
}

function perform({method, messages: requests, deadline_ms: deadline, take, window}) {
  const [service, rpc] = method.split('/');
  const {requestStream, responseStream} = definition[service][rpc];
  const messages = requests.map((each) => json.from(`cairn.v1.${rpc}Request`, each));
  const plain = (answer) => json.to(`cairn.v1.${rpc}Response`, answer);
  const metadata = new grpc.Metadata();
  if (CAIRN_TOKEN) metadata.set('authorization', `Bearer ${CAIRN_TOKEN}`);
  const options = deadline ? {deadline: Date.now() + deadline} : {};
  const stub = stubs[service];
  return new Promise((resolve) => {
    if (!responseStream) {
      stub[rpc](messages[0], metadata, options, (error, answer) => resolve(error
        ? answerOf(error, [])
        : {code: 'OK', messages: [plain(answer)]}));
      return;
    }
    const answers = [];
    const state = {acknowledged: 0, ended: false, wake: () => {}};
    const end = (answer) => { state.ended = true; state.wake(); resolve(answer); };
    const call = requestStream ? stub[rpc](metadata, options) : stub[rpc](messages[0], metadata, options);
    call.on('data', (message) => {
      if (state.ended) return;
      answers.push(plain(message));
      state.acknowledged = Number(message.acknowledged_sequence ?? 0);
      state.wake();
      if (answers.length === take) {
        end({code: 'TAKEN', messages: answers});
        call.cancel();
      }
    });
    call.on('error', (error) => end(inTime(answerOf(error, answers), options.deadline)));
    call.on('end', () => {}); // without it the status never comes
    call.on('status', ({code}) => { if (code === grpc.status.OK) end({code: 'OK', messages: answers}); });
    if (requestStream) send(call, messages, window, state);
  });
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin})) {
    process.stdout.write(`${JSON.stringify(await perform(JSON.parse(line)))}\n`);
  }
  Object.values(stubs).forEach((stub) => stub.close());
}

main();
