"use strict";
// What is sent: the body of a request in each protocol, and the same call as curl and as Python.

// A number as it was written: JavaScript's own would change whole numbers above 2^53.
class Literal { constructor(text) { this.text = text; } }

const parse = text => JSON.parse(text, (key, value, context) =>
  typeof value === "number" ? new Literal(context?.source ?? String(value)) : value);

const JSON_WORDS = { true: "true", false: "false", null: "null" };
const PYTHON_WORDS = { true: "True", false: "False", null: "None", NaN: 'float("nan")', Infinity: 'float("inf")', "-Infinity": '-float("inf")' };

function write(value, words = JSON_WORDS) {
  if (value instanceof Literal) return words[value.text] ?? value.text;
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || typeof value !== "object") return words[value];
  if (Array.isArray(value)) return `[${value.map(item => write(item, words)).join(", ")}]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}: ${write(item, words)}`).join(", ")}}`;
}

const number = value => new Literal(String(value));
const withParams = (body, params, key = "params") => params.size ? { ...body, [key]: params } : body;

function shape(value) {
  return Array.isArray(value) ? [value.length, ...(value.length ? shape(value[0]) : [])] : [];
}

// Each protocol makes the body of an input: {columns, rows, params}, or {tensors, params}, where tensors is a Map.
const PROTOCOLS = {
  mlflow: {
    title: "MLflow",
    table: (columns, rows, params) => withParams({ dataframe_split: named(columns, rows) }, params),
    tensors: (tensors, params) => withParams({ inputs: unnamed(tensors) }, params),
  },
  azure: {
    title: "Azure ML",
    table: (columns, rows, params) =>
      withParams({ input_data: { ...named(columns, rows), index: rows.map((_, i) => number(i)) } }, params),
    tensors: (tensors, params) => withParams({ input_data: unnamed(tensors) }, params),
  },
  open_inference: {
    title: "Open Inference",
    table: (columns, rows, params) => {
      const inputs = columns[0]?.name == null ? matrix(columns, rows) : columns.map((column, i) => oneColumn(column, rows, i));
      return inputs && { parameters: { content_type: "pd", ...Object.fromEntries(params) }, inputs: inputs.filter(Boolean) };
    },
    tensors: (tensors, params) => withParams({
      inputs: [...tensors].map(([name, value]) => ({
        name: columnOf(name).input_name, shape: shape(value).map(number), datatype: columnOf(name).datatype, data: value,
      })),
    }, params, "parameters"),
  },
  kserve: {
    title: "KServe V1",
    table: (columns, rows, params) => withParams({
      instances: rows.map(row => columns[0]?.name == null ? row : new Map(columns.map((c, i) => [String(c.name), row[i]]))),
    }, params, "parameters"),
    tensors: (tensors, params) => withParams({
      instances: tensors.has(null) ? tensors.get(null) : instances(tensors),
    }, params, "parameters"),
  },
};

// A column of Open Inference; left out where it has a missing value that its datatype cannot hold.
function oneColumn(column, rows, i) {
  const data = rows.map(row => column.content_type === "pd_json" ? write(row[i]) : row[i]);
  if (data.includes(null) && !column.datatype.startsWith("FP")) return null;
  return {
    name: column.input_name, shape: [number(rows.length), number(1)], datatype: column.datatype,
    ...(column.content_type && { parameters: { content_type: column.content_type } }), data,
  };
}

// Columns without names are one input of Open Inference, if they have one datatype.
function matrix(columns, rows) {
  const [datatype, ...others] = new Set(columns.map(column => column.datatype));
  return others.length ? null : [{ name: "input-0", shape: [number(rows.length), number(columns.length)], datatype, data: rows.flat() }];
}

const columnOf = name => model.columns.find(column => write(column.name) === write(name));
const named = (columns, rows) =>
  columns[0]?.name == null ? { data: rows } : { columns: columns.map(column => column.name), data: rows };
const unnamed = tensors => tensors.has(null) ? tensors.get(null) : tensors;
const instances = tensors => [...tensors.values()][0].map((_, i) =>
  new Map([...tensors].map(([name, value]) => [name, value[i]])));

// Reads a body in MLflow's JSON back, so that it can be shown in the other protocols; null where that is not possible.
function readBody(tree) {
  const params = new Map(Object.entries(tree?.params ?? {}));
  const split = tree?.dataframe_split, records = tree?.dataframe_records ?? (model.kind === "table" ? tree?.instances : null);
  let names, rows;
  if (Array.isArray(split?.columns)) [names, rows] = [split.columns, split.data];
  else if (Array.isArray(records) && records[0] && !Array.isArray(records[0])) {
    names = [...new Set(records.flatMap(Object.keys))];
    rows = records.map(record => names.map(name => Object.hasOwn(record, name) ? record[name] : null));
  }
  if (rows) return names.every(columnOf) ? { columns: names.map(columnOf), rows, params } : null;
  if (model.kind !== "tensors" || tree?.inputs == null) return null;
  return { tensors: model.columns[0].name === null ? new Map([[null, tree.inputs]]) : new Map(Object.entries(tree.inputs)), params };
}

function bodyOf(input, protocol) {
  const { table, tensors } = PROTOCOLS[protocol];
  return input.tensors ? tensors(input.tensors, input.params) : table(input.columns, input.rows, input.params);
}

const shellQuoted = text => `'${text.replaceAll("'", "'\\''")}'`;
const TOKEN = "FITPRINT_SERVE_TOKEN"; // the token itself is never shown

function curlCall(url, type, body, token) {
  const lines = [`curl ${shellQuoted(url)}`, `-H 'Content-Type: ${type}'`];
  if (token) lines.push(`-H "Authorization: Bearer $${TOKEN}"`);
  return [...lines, `--data-raw ${shellQuoted(typeof body === "string" ? body : write(body))}`].join(" \\\n  ");
}

function pythonCall(url, type, body, token) {
  const isText = typeof body === "string";
  const imports = token ? ["json", "os", "urllib.request"] : ["json", "urllib.request"];
  const header = token ? `, "Authorization": "Bearer " + os.environ["${TOKEN}"]` : "";
  return [
    ...imports.map(name => `import ${name}`), "",
    isText ? `body = ${JSON.stringify(body)}` : `body = json.dumps(${write(body, PYTHON_WORDS)})`,
    `headers = {"Content-Type": "${type}"${header}}`,
    `request = urllib.request.Request(${JSON.stringify(url)}, body.encode(), headers)`,
    "with urllib.request.urlopen(request) as answer:",
    "    print(json.load(answer))",
  ].join("\n");
}
