"use strict";
// The page itself. Names and values may be hostile: every text becomes a text node, and nothing is ever read as HTML.

const $ = id => document.getElementById(id);
const base = location.pathname.replace(/\/test\/?$/, "");
const MOST_ROWS = 200, MOST_TEXT = 100000;
let model, token = "", fields = [], problems = [], edited = { json: null, csv: null }, way = "form";

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const headers = type => ({ ...(type && { "Content-Type": type }), ...(token && { Authorization: `Bearer ${token}` }) });

// ---- start: the page is the same for every model, and what the model is comes with the token, if there is one

async function open() {
  $("token-problem").textContent = "";
  try {
    const answer = await fetch(`${base}/test/model.json`, { headers: headers() });
    if (answer.status === 401) {
      $("unlock").hidden = false;
      if (token) $("token-problem").textContent = "This is not the server's token.";
      $("token").focus();
      return;
    }
    if (!answer.ok) throw new Error(`The server answered with status ${answer.status}.`);
    model = parse(await answer.text());
  } catch (error) {
    $("problem").textContent = `The model's description could not be read. ${error.message}`;
    return;
  }
  $("unlock").hidden = true;
  show();
}

function show() {
  document.title = `Test ${model.name}`;
  $("name").textContent = model.name;
  $("about").textContent = model.about;
  $("openapi").href = `${base}/openapi.json`;
  $("openapi").hidden = model.token;
  const known = model.kind !== "none", example = model.example;
  choice("ways", known ? { form: "Form", csv: "CSV", json: "JSON" } : { csv: "CSV", json: "JSON" }, switchWay);
  if (model.kind === "tensors") $("ways").querySelector("[value=csv]").disabled = true;
  choice("protocols", Object.fromEntries(Object.entries(PROTOCOLS).map(([name, { title }]) => [name, title])), showCall);
  choice("languages", { curl: "curl", python: "Python" }, showCall);
  $("method").append(...model.methods.map(({ name }) => make("option", {}, name)));
  $("method-label").hidden = model.methods.length < 2;
  fields = [...model.columns.map((column, position) => field({ ...column, position }, "fields")), ...model.params.map(param => field(param, "param-fields"))];
  $("params").hidden = !model.params.length;
  $("find-label").hidden = model.columns.length < 13;
  $("example").hidden = !example;
  if (example && !example.is_own) $("example").textContent = "Made-up values";
  $("main").hidden = false;
  fill(example);
  switchWay(known ? "form" : "json");
}

function choice(id, options, chosen) {
  for (const [value, title] of Object.entries(options)) {
    const input = make("input", { type: "radio", name: id, value, change: () => chosen(value) });
    input.checked = value === Object.keys(options)[0];
    $(id).append(make("label", {}, input, title));
  }
}

const chosen = id => $(id).querySelector(":checked").value;

// ---- the form

function field(spec, place) {
  const id = `${place}-${fields.length}-${$(place).childElementCount}`, isParam = place === "param-fields";
  const common = { id, "aria-describedby": `${id}-type ${id}-problem`, autocomplete: "off", spellcheck: "false" };
  let input;
  if (spec.widget === "boolean") {
    const empty = isParam ? `default: ${write(spec.default)}` : spec.required ? "choose" : "missing";
    input = make("select", common, make("option", { value: "" }, empty), make("option", {}, "true"), make("option", {}, "false"));
  } else if (spec.widget === "json" || spec.widget === "text") {
    input = make("textarea", { ...common, rows: 1, class: spec.widget === "json" ? "json" : null });
  } else {
    input = make("input", { ...common, type: "text", inputmode: spec.widget === "number" ? "decimal" : "text" });
  }
  if (spec.widget !== "boolean") {
    const hints = { datetime: "2026-01-31T12:30:00", binary: "base64", json: "JSON" };
    input.placeholder = isParam ? `default: ${write(spec.default)}` : hints[spec.widget] ?? "";
  }
  if (spec.required && !isParam) input.required = true;
  const problem = make("span", { id: `${id}-problem`, class: "problem" });
  const type = `${spec.type}${spec.required || isParam ? "" : ", optional"}`;
  const wide = spec.widget === "json" && model.kind === "tensors";
  const element = make("div", { class: wide ? "field wide" : "field" },
    make("div", {}, make("label", { for: id }, spec.label), make("span", { id: `${id}-type`, class: "type" }, type)), input, problem);
  $(place).append(element);
  return { ...spec, isParam, input, problem, element };
}

const NUMBER = /^(-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?|-?Infinity|NaN)$/;

// The value of a field; undefined where it is left out. An empty field of an optional column is a missing value where
// the column may have one: most models need all columns of their training, also those with missing values. A text that
// is no value of the type is sent as it is: the server says what is wrong, with the words that any other caller gets.
function valueOf({ widget, input, required, nullable, isParam, label }) {
  const text = input.value;
  if (text.trim() === "") {
    if (isParam || !required) return text && widget === "text" ? text : nullable ? null : undefined;
    return widget === "text" ? text : null;
  }
  if (widget === "boolean") return text === "true";
  if (widget === "number") return NUMBER.test(text.trim()) ? new Literal(text.trim()) : text;
  if (widget !== "json") return text;
  try { return parse(text); } catch (error) { throw new Problem(label, `This is not JSON: ${error.message}`, isParam); }
}

class Problem extends Error {
  constructor(column, message, isParam) { super(message); Object.assign(this, { column, isParam }); }
}

// What is to be sent: {columns, rows, params} or {tensors, params}; null for a text that is in no other protocol.
function read() {
  if (way === "form") return readForm();
  const text = $("text").value;
  if (way === "csv") return { input: null, type: "text/csv", text };
  let input = null;
  try { input = readBody(parse(text)); } catch { /* the server says what is wrong with it */ }
  return { input, type: "application/json", text };
}

function readForm() {
  const given = fields.map(each => [each, valueOf(each)]).filter(([, value]) => value !== undefined);
  const params = new Map(given.filter(([each]) => each.isParam).map(([each, value]) => [each.name, value]));
  const columns = given.filter(([each]) => !each.isParam);
  const input = model.kind === "tensors"
    ? { tensors: new Map(columns.map(([each, value]) => [each.name, value])), params }
    : { columns: columns.map(([each]) => each), rows: [columns.map(([, value]) => value)], params };
  return { input, type: "application/json", text: write(bodyOf(input, "mlflow")) };
}

function fill(example) {
  for (const each of fields) {
    const value = each.isParam ? example?.params[each.name] : example?.values?.[each.position];
    const isText = typeof value === "string" && each.widget !== "json";
    each.input.value = value == null ? "" : isText ? value : write(value);
  }
  edited = { json: example?.body ? write(example.body) : null, csv: null };
  changed();
}

function csvOf({ columns, rows }) {
  const cell = value => {
    const text = value === null ? "" : typeof value === "string" ? value : write(value);
    return /[",\r\n]/.test(text) || text === "" && value !== null ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(column => cell(column.label)), ...rows.map(row => row.map(cell))];
  return lines.map(line => line.join(",")).join("\n") + "\n";
}

// What the form says, as CSV or JSON: where the user has not edited that text, it follows the form.
function asText(next) {
  if (model.kind === "none") return "";
  try {
    const { input, text } = readForm();
    return next === "json" ? text : csvOf(input);
  } catch { return ""; } // a field is not JSON
}

function switchWay(next) {
  way = next;
  $("way-form").hidden = way !== "form";
  $("way-text").hidden = way === "form";
  if (way !== "form") {
    $("text").value = edited[way] ?? asText(way);
    $("text-label").textContent = way === "csv"
      ? "Rows as CSV, with a line of names" : "A body of MLflow's protocol: dataframe_split, dataframe_records, inputs or instances";
  }
  $("params").hidden = way !== "form" || !model.params.length;
  changed();
}

function find() {
  const words = $("find").value.toLowerCase();
  for (const each of fields) if (!each.isParam) each.element.hidden = !each.label.toLowerCase().includes(words);
}

// ---- faults

function mark(found) {
  for (const { input, problem } of problems) {
    input.removeAttribute("aria-invalid");
    problem.textContent = "";
  }
  problems = [];
  const elsewhere = [];
  for (const fault of found) {
    const place = way === "form" && fields.find(each => each.label === fault.column && (fault.isParam ?? each.isParam) === each.isParam);
    if (!place) { elsewhere.push(fault); continue; }
    place.input.setAttribute("aria-invalid", "true");
    place.problem.textContent = fault.message;
    place.element.hidden = false;
    if (place.isParam) $("params").open = true;
    problems.push(place);
  }
  problems[0]?.input.focus();
  return elsewhere;
}

function faultTable(faults) {
  const places = faults.some(fault => fault.row != null || fault.column != null);
  const row = fault => [...(places ? [fault.row == null ? "" : write(fault.row), fault.column ?? ""] : []), fault.message];
  return table([...(places ? ["Row", "Column"] : []), "What is wrong"], faults.map(row), "Faults");
}

function refuse(message, faults, count, details) {
  const elsewhere = mark(faults);
  const box = make("div", { class: "refused", role: "alert" }, make("p", {}, make("strong", {}, message)));
  if (problems.length) box.append(make("p", {}, problems.length === 1 ? "One field is marked." : `${problems.length} fields are marked.`));
  if (count > faults.length) box.append(make("p", {}, `These are the first ${faults.length} of ${count} faults.`));
  if (details) box.append(make("p", { class: "hint" }, details));
  $("answer").replaceChildren(box, ...(elsewhere.length ? [faultTable(elsewhere)] : []));
}

// ---- the answer

async function predict() {
  if ($("go").hasAttribute("aria-disabled")) return;
  mark([]);
  let request;
  try { request = read(); } catch (problem) {
    $("status").textContent = "Not sent";
    return refuse("A field cannot be sent.", [problem], 1);
  }
  $("go").setAttribute("aria-disabled", "true");
  $("status").textContent = "Predicting…";
  const start = performance.now();
  try {
    const answer = await fetch(urlOf("mlflow"), { method: "POST", headers: headers(request.type), body: request.text });
    const text = await answer.text();
    $("status").textContent = `${answer.status} in ${Math.round(performance.now() - start)} ms`;
    let tree = null;
    try { tree = parse(text); } catch { /* shown as text */ }
    if (answer.ok && tree) return showAnswer(tree.predictions, text, answer.headers.get("x-fitprint-ignored"));
    const faults = (tree?.errors ?? []).map(fault => ({ ...fault, message: fault.message ?? `expected ${fault.expected}, got ${fault.got}` }));
    const id = tree?.request_id ?? answer.headers.get("x-request-id");
    const count = Number(write(tree?.error_count ?? number(faults.length)));
    refuse(tree?.message ?? (text.slice(0, 2000) || "The server gave no reason."), faults, count, id && `Request ${id}`);
  } catch (error) {
    $("status").textContent = "No answer";
    refuse("The server cannot be reached.", [], 0, error.message);
  } finally {
    $("go").removeAttribute("aria-disabled");
  }
}

function showAnswer(predictions, text, ignored) {
  const [head, rows] = tabular(predictions);
  const parts = [];
  if (ignored) parts.push(make("p", {}, `The model has no such columns, and ignored them: ${ignored}`));
  if (rows) {
    const shares = head.length > 1 && rows.length > 0 && rows.every(isShares);
    const shown = rows.slice(0, MOST_ROWS);
    if (rows.length === 1 && head.length > 1) parts.push(table(["Output", "Value"], head.map((name, i) => [name, rows[0][i]]), "Predictions", shares ? 1 : Infinity));
    else parts.push(table(head, shown, "Predictions", shares ? 0 : Infinity));
    if (rows.length !== 1) parts.push(make("p", { class: "hint" }, `${rows.length} rows${rows.length > MOST_ROWS ? `, of which the first ${MOST_ROWS} are shown` : ""}`));
  }
  const raw = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
  parts.push(make("details", { open: !rows }, make("summary", {}, "As JSON"), make("pre", { tabindex: 0, role: "region", "aria-label": "The answer as JSON" }, raw)));
  $("answer").replaceChildren(...parts);
}

// The names of columns and the rows that predictions come to; none where they are no table.
function tabular(predictions) {
  const isObject = value => value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Literal);
  if (isObject(predictions)) {
    const names = Object.keys(predictions), sizes = new Set(names.map(name => predictions[name]?.length));
    if (!names.length || sizes.size > 1 || !names.every(name => Array.isArray(predictions[name]))) return [];
    return [names, predictions[names[0]].map((_, i) => names.map(name => predictions[name][i]))];
  }
  if (!Array.isArray(predictions)) return [];
  const { outputs } = method();
  const headings = size => outputs.length === size ? outputs : size === 1 ? ["prediction"] : [...Array(size).keys()].map(String);
  if (!predictions.length) return [headings(1), []];
  if (predictions.every(isObject)) {
    const names = [...new Set(predictions.flatMap(Object.keys))];
    return [names, predictions.map(row => names.map(name => Object.hasOwn(row, name) ? row[name] : null))];
  }
  if (!predictions.every(Array.isArray)) return [headings(1), predictions.map(value => [value])];
  const size = Math.max(...predictions.map(row => row.length));
  return [headings(size), predictions];
}

function isShares(row) {
  const numbers = row.map(value => value instanceof Literal ? Number(value.text) : NaN);
  return numbers.every(value => value >= 0 && value <= 1) && Math.abs(numbers.reduce((a, b) => a + b, 0) - 1) < 1e-3;
}

// A table; numbers from the column `barsFrom` on have a bar.
function table(head, rows, label, barsFrom = Infinity) {
  const cell = (value, i) => {
    const isNumber = value instanceof Literal;
    const shown = value === null || value === undefined ? "null" : typeof value === "string" ? value : write(value);
    const bar = isNumber && i >= barsFrom ? [share(Number(value.text))] : [];
    return make("td", { class: isNumber ? "number" : null }, shown, ...bar);
  };
  return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map(name => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...rows.map(row => make("tr", {}, ...row.map(cell))))));
}

function share(value) {
  const bar = make("i");
  bar.style.width = `${value * 100}%`;
  return make("span", { class: "share", "aria-hidden": "true" }, bar);
}

// ---- the same call

const method = () => model.methods.find(({ name }) => name === $("method").value) ?? model.methods[0];

function urlOf(protocol) {
  const { paths } = method();
  return Object.hasOwn(paths, protocol) ? `${location.origin}${base}${paths[protocol]}` : null;
}

function showCall() {
  const protocol = chosen("protocols"), url = urlOf(protocol);
  let call;
  try {
    const { input, type, text } = read();
    const own = protocol === "mlflow" && way !== "form";
    if (!url) call = "This protocol has no route for this method.";
    else if (!input && !own) call = way === "csv" ? "Only MLflow's protocol takes CSV." : "This body can only be sent in MLflow's protocol.";
    else {
      const body = own ? text : bodyOf(input, protocol);
      call = body === null ? "This protocol has no form for columns without names of several types."
        : (chosen("languages") === "curl" ? curlCall : pythonCall)(url, type, body, model.token);
    }
  } catch (problem) {
    call = `${problem.column}: ${problem.message}`;
  }
  $("call").textContent = call;
}

let waiting;
function changed() {
  clearTimeout(waiting);
  waiting = setTimeout(showCall, fields.length > 100 ? 200 : 0);
}

async function copy() {
  let done = true;
  try { await navigator.clipboard.writeText($("call").textContent); } catch { // not on a page without TLS
    getSelection().selectAllChildren($("call"));
    done = document.execCommand("copy");
  }
  $("copy").textContent = done ? "Copied" : "Press Ctrl and C";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 2000);
}

$("unlock").addEventListener("submit", event => { event.preventDefault(); token = $("token").value; open(); });
$("input").addEventListener("submit", event => { event.preventDefault(); predict(); });
$("input").addEventListener("input", event => { if (event.target !== $("find")) changed(); });
$("text").addEventListener("input", () => { edited[way] = $("text").value; });
$("file").addEventListener("change", async () => {
  const [file] = $("file").files;
  if (file) { $("text").value = edited[way] = await file.text(); changed(); }
});
$("find").addEventListener("input", find);
$("example").addEventListener("click", () => fill(model.example));
$("clear").addEventListener("click", () => { mark([]); fill(null); });
$("method").addEventListener("change", showCall);
$("copy").addEventListener("click", copy);
addEventListener("keydown", event => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && model) predict(); });
open();
