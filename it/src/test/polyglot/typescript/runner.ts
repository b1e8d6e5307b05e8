// Makes the calls that come in as lines of JSON, with generated code; it/README.md says which lines.
import {readFileSync} from 'node:fs';
import * as readline from 'node:readline';
import {
  type DescMethodBiDiStreaming, type DescMethodServerStreaming, type DescMethodUnary, type JsonValue, type Message,
  type Registry, createRegistry, fromJson, isMessage, toJson,
} from '@bufbuild/protobuf';
import {AnySchema, anyPack} from '@bufbuild/protobuf/wkt';
import {type CallOptions, Code, ConnectError, type Transport} from '@connectrpc/connect';
import {createGrpcTransport} from '@connectrpc/connect-node';
import {file_cairn_v1_backup_schedule_service} from './gen/cairn/v1/backup_schedule_service_pb.js';
import {file_cairn_v1_backup_service} from './gen/cairn/v1/backup_service_pb.js';
import {file_cairn_v1_collection_service} from './gen/cairn/v1/collection_service_pb.js';
import {file_cairn_v1_event_service} from './gen/cairn/v1/event_service_pb.js';
import {ImportItemsRequestSchema, ImportItemsResponseSchema, file_cairn_v1_item_service} from './gen/cairn/v1/item_service_pb.js';
import {file_cairn_v1_restoration_service} from './gen/cairn/v1/restoration_service_pb.js';
import {file_cairn_v1_site_service} from './gen/cairn/v1/site_service_pb.js';
import {
  BadRequestSchema, ErrorInfoSchema, PreconditionFailureSchema, QuotaFailureSchema, ResourceInfoSchema, RetryInfoSchema,
  file_google_rpc_error_details,
} from './gen/google/rpc/error_details_pb.js';

interface Command {method: string; messages: JsonValue[]; deadline_ms?: number; take?: number; window?: number}
interface Answer {code: string; message?: string; messages: JsonValue[]; details?: JsonValue[]}

const registry: Registry = createRegistry(
  file_cairn_v1_backup_schedule_service, file_cairn_v1_backup_service, file_cairn_v1_collection_service,
  file_cairn_v1_event_service, file_cairn_v1_item_service, file_cairn_v1_restoration_service,
  file_cairn_v1_site_service, file_google_rpc_error_details);
const DETAILS = [
  ErrorInfoSchema, BadRequestSchema, PreconditionFailureSchema, QuotaFailureSchema, ResourceInfoSchema, RetryInfoSchema];

/** Sends on only while at most `size` batches wait for their acknowledgement. */
class Window {
  private acknowledgedSequence = 0n;
  private wake = () => {};

  constructor(private readonly size: number) {}

  async *over(messages: Message[]): AsyncGenerator<Message> {
    for (const message of messages) {
      while (isMessage(message, ImportItemsRequestSchema)
          && message.batchSequence - this.acknowledgedSequence > BigInt(this.size)) {
        await new Promise<void>((resolve) => { this.wake = resolve; });
      }
      yield message;
    }
  }

  acknowledged(message: Message): void {
    if (isMessage(message, ImportItemsResponseSchema)) this.acknowledgedSequence = message.acknowledgedSequence;
    this.wake();
  }
}

const {CAIRN_ADDRESS, CAIRN_CA, CAIRN_TOKEN} = process.env;
const transport: Transport = createGrpcTransport(CAIRN_CA
  ? {baseUrl: `https://${CAIRN_ADDRESS}`, nodeOptions: {ca: readFileSync(CAIRN_CA)}}
  : {baseUrl: `http://${CAIRN_ADDRESS}`});
const headers: CallOptions['headers'] = CAIRN_TOKEN ? {authorization: `Bearer ${CAIRN_TOKEN}`} : {};

type Method = DescMethodUnary | DescMethodServerStreaming | DescMethodBiDiStreaming;

function methodOf(name: string): Method {
  const [service, rpc] = name.split('/');
  const method = registry.getService(service ?? '')?.methods.find((each) => each.name === rpc);
  if (!method || method.methodKind === 'client_streaming') throw new Error(`no such rpc: ${name}`);
  return method as Method;
}

async function* only(message: Message): AsyncGenerator<Message> {
  yield message;
}

async function perform(command: Command): Promise<Answer> {
  const method = methodOf(command.method);
  const requests = command.messages.map((each) => fromJson(method.input, each, {registry}));
  const first = requests[0]!;
  const messages: JsonValue[] = [];
  const keep = (message: Message) =>
    messages.push(toJson(method.output, message, {registry, useProtoFieldName: true}));
  const ended = new AbortController();
  const begun = performance.now();
  try {
    if (method.methodKind === 'unary') {
      keep((await transport.unary(method, ended.signal, command.deadline_ms, headers, first)).message);
      return {code: 'OK', messages};
    }
    const window = new Window(command.window ?? 0);
    const sent = method.methodKind === 'bidi_streaming' ? window.over(requests) : only(first);
    const stream = await transport.stream(method, ended.signal, command.deadline_ms, headers, sent);
    for await (const message of stream.message) {
      keep(message);
      window.acknowledged(message);
      if (messages.length === command.take) {
        ended.abort();
        return {code: 'TAKEN', messages};
      }
    }
    return {code: 'OK', messages};
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const details = DETAILS.flatMap((schema) =>
      error.findDetails(schema).map((detail) =>
        toJson(AnySchema, anyPack(schema, detail as never), {registry, useProtoFieldName: true})));
    // A server that notices first that the deadline has passed resets the stream, which Connect takes for the other.
    const late = error.code === Code.Canceled && performance.now() - begun >= (command.deadline_ms ?? Infinity);
    const code = Code[late ? Code.DeadlineExceeded : error.code]!.replace(/(?<!^)[A-Z]/g, '_$&').toUpperCase();
    return {code: code === 'CANCELED' ? 'CANCELLED' : code, message: error.rawMessage, messages, details};
  }
}

for await (const line of readline.createInterface({input: process.stdin})) {
  process.stdout.write(`${JSON.stringify(await perform(JSON.parse(line) as Command))}\n`);
}
process.exit(0); // the connection would stay open for a while
