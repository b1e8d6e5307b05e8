// The JSON form of protobuf for the objects of @grpc/proto-loader, which knows only plain messages: times,
// durations, field masks and JSON values have forms of their own. Bytes are base64 text on both sides.
const ANY_VALUE = {
  null: () => ({nullValue: 'NULL_VALUE'}),
  boolean: (boolValue) => ({boolValue}),
  number: (numberValue) => ({numberValue}),
  string: (stringValue) => ({stringValue}),
  object: (value) => (value === null
    ? {nullValue: 'NULL_VALUE'}
    : Array.isArray(value)
      ? {listValue: {values: value.map(anyValue)}}
      : {structValue: {fields: Object.fromEntries(Object.entries(value).map(([k, v]) => [k, anyValue(v)]))}}),
};
const anyValue = (value) => ANY_VALUE[typeof value](value);
const plainValue = (value) => {
  if (value.listValue) return value.listValue.values.map(plainValue);
  if (value.structValue) {
    return Object.fromEntries(Object.entries(value.structValue.fields).map(([k, v]) => [k, plainValue(v)]));
  }
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
};

const fraction = (nanos) => (nanos ? `.${String(nanos).padStart(9, '0')}` : '');
const parts = (text) => {
  const [, seconds, nanos] = /^(-?\d+)(?:\.(\d+))?s$/.exec(text);
  return {seconds, nanos: Number((nanos ?? '').padEnd(9, '0'))};
};
const SPECIAL = {
  'google.protobuf.Timestamp': {
    to: ({seconds = 0, nanos = 0}) =>
      new Date(Number(seconds) * 1000).toISOString().replace('.000Z', `${fraction(nanos)}Z`),
    from: (text) => ({seconds: Math.floor(Date.parse(text) / 1000), nanos: 0}),
  },
  'google.protobuf.Duration': {to: ({seconds = 0, nanos = 0}) => `${seconds}${fraction(nanos)}s`, from: parts},
  'google.protobuf.FieldMask': {
    to: ({paths}) => paths.join().replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
    from: (text) => ({paths: text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).split(',')}),
  },
  'google.protobuf.Value': {to: plainValue, from: anyValue},
  'google.protobuf.ListValue': {
    to: (list) => plainValue({listValue: list}),
    from: (array) => anyValue(array).listValue,
  },
};

class Json {
  #definition;
  #types = new Map();

  constructor(definition) {
    this.#definition = definition;
    const add = (name, type) => {
      this.#types.set(name, type);
      (type.nestedType ?? []).forEach((each) => add(`${name}.${each.name}`, each));
    };
    Object.entries(definition).filter(([, each]) => each.format).forEach(([name, each]) => add(name, each.type));
  }

  // A field's type is named as in a .proto file: relative to its message, or to one of the scopes around it.
  #resolve(name, scope) {
    const full = scope ? `${scope}.${name}` : name;
    if (name in SPECIAL || this.#types.has(full)) return name in SPECIAL ? name : full;
    return this.#resolve(name, scope.split('.').slice(0, -1).join('.'));
  }

  #convert(name, message, direction) {
    if (SPECIAL[name]) return SPECIAL[name][direction](message);
    const converted = {};
    for (const field of this.#types.get(name).field) {
      const value = message[field.name];
      if (value === undefined || value === null) continue;
      const type = field.type === 'TYPE_MESSAGE' && this.#resolve(field.typeName.replace(/^\./, ''), name);
      const one = (each) => (type ? this.#convert(type, each, direction) : each);
      if (type && this.#types.get(type)?.options?.mapEntry) {
        converted[field.name] = value; // all maps of the contract are from text to text
      } else {
        converted[field.name] = field.label === 'LABEL_REPEATED' ? value.map(one) : one(value);
      }
    }
    return converted;
  }

  from(name, json) { return this.#convert(name, json, 'from'); }
  to(name, message) { return this.#convert(name, message, 'to'); }
  decode(name, bytes) { return this.to(name, this.#definition[name].deserialize(bytes)); }
}

module.exports = {Json};
