"""The page at /control: market, book, accounts, orders, faults and the latest truth, looked at each second.

Nothing comes from elsewhere: no script, font or picture but what stands here, and the policy says so to the browser.
Everything the venue tells is put in as text, never as markup: names are chosen by strangers.
"""

from base64 import b64encode
from hashlib import sha256

STYLE = """
:root { color-scheme: dark; --line: #21262d; --dim: #8b949e; --bid: #3fb950; --ask: #f85149; --warn: #d29922; }
* { box-sizing: border-box; }
body { background: #0d1117; color: #c9d1d9; font: 12px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; margin: 0; }
header { display: flex; gap: 16px; align-items: center; padding: 8px 16px; border-bottom: 1px solid var(--line);
  position: sticky; top: 0; background: #0d1117; }
header b { font-size: 14px; } #state { color: var(--warn); } .grow { flex: 1; }
button, input, select { background: #161b22; color: inherit; border: 1px solid #30363d; border-radius: 5px;
  padding: 3px 9px; font: inherit; } button { cursor: pointer; } button:hover { border-color: var(--dim); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 12px; padding: 12px 16px; }
section { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; overflow-x: auto; }
section.wide { grid-column: 1 / -1; }
h2 { font-size: 11px; color: var(--dim); text-transform: uppercase; letter-spacing: .06em; margin: 0 0 6px; }
table { border-collapse: collapse; width: 100%; } tr + tr { border-top: 1px solid #161b22; }
td, th { padding: 1px 12px 1px 0; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { color: var(--dim); font-weight: normal; } td:first-child, th:first-child { text-align: left; }
td { max-width: 280px; overflow: hidden; text-overflow: ellipsis; }
.BUY, .bid { color: var(--bid); } .SELL, .ask { color: var(--ask); } .none { color: #484f58; }
.bar { position: relative; } .bar i { position: absolute; inset: 1px 0 1px auto; opacity: .22; }
.bar.bid i { background: var(--bid); } .bar.ask i { background: var(--ask); inset: 1px auto 1px 0; }
svg { width: 100%; height: 60px; display: block; } polyline { fill: none; stroke: #58a6ff; stroke-width: 1.5;
  vector-effect: non-scaling-stroke; } form { display: flex; flex-wrap: wrap; gap: 6px; margin-bottom: 6px; }
form input { width: 132px; } form input.small { width: 64px; } #said { color: var(--warn); }
"""

SCRIPT = """
const $ = (id) => document.getElementById(id);
const el = (name, props = {}, ...children) => {
  const made = Object.assign(document.createElement(name), props); made.append(...children); return made; };
const ask = async (method, path, body) => {
  const answer = await fetch("/control/" + path, { method, body: body && JSON.stringify(body) });
  const found = await answer.json();
  if (!answer.ok) throw new Error(`${found.field}: ${found.error}`);
  return found; };
const get = (path) => ask("GET", path);
const cell = (value) => {
  const td = el("td", { textContent: value === null || value === undefined ? "" : String(value) });
  td.title = td.textContent;
  if (value === "BUY" || value === "SELL") td.className = value;
  return td; };
const panel = (title, ...children) => el("section", {}, el("h2", { textContent: title }), ...children);
const wide = (section) => { section.className = "wide"; return section; };
function table(title, columns, rows, last) {
  if (!rows.length) return panel(title, el("div", { className: "none", textContent: "none" }));
  const head = el("tr", {}, ...columns.map((name) => el("th", { textContent: name.replaceAll("_", " ") })));
  const line = (row) => el("tr", {}, ...columns.map((name) => cell(row[name])), ...(last ? [last(row)] : []));
  return panel(`${title} (${rows.length})`, el("table", {}, head, ...rows.map(line))); }
function level(value, share, side) {
  const td = cell(value), bar = el("i"); bar.style.width = `${Math.round(share * 100)}%`;
  td.classList.add("bar", side); td.append(bar); return td; }
function book(b) {
  const most = Math.max(...b.levels.flatMap((l) => [Number(l.bid_quantity), Number(l.ask_quantity)]));
  const rows = b.levels.map((l) => el("tr", {}, level(l.bid_quantity, l.bid_quantity / most, "bid"),
    Object.assign(cell(l.bid), { className: "bid" }), Object.assign(cell(l.ask), { className: "ask" }),
    level(l.ask_quantity, l.ask_quantity / most, "ask")));
  const title = `${b.symbol}  ${b.last}  mark ${b.mark}  ${b.status}`;
  return panel(title, chart(b.closes.map(Number)), el("table", {}, ...rows)); }
function chart(closes) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  const low = Math.min(...closes), span = Math.max(...closes) - low || 1;
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, closes.length - 1)} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  line.setAttribute("points", closes.map((c, i) => `${i},${98 - (c - low) / span * 96}`).join(" "));
  svg.append(line); return svg; }
const said = (error) => { $("said").textContent = error ? error.message : ""; };
const act = (work) => work().then(() => { said(); return look(); }).catch(said);
const remove = (fault) => el("td", {}, el("button", { textContent: "remove",
  onclick: () => act(() => ask("DELETE", `faults/${fault.id}`)) }));
async function look() {
  const [status, faults] = await Promise.all([get("status"), get("faults")]);
  const truth = await get(`truth?after=${Math.max(0, status.truth_last - 200)}`);
  const told = truth.records.filter((r) => r.kind !== "kline.closed").reverse().slice(0, 30);
  const books = await Promise.all(Object.keys(status.symbols).map((s) => get(`market/${s}`)));
  const names = status.accounts.map((a) => encodeURIComponent(a.name));
  const accounts = await Promise.all(names.map((name) => get(`accounts/${name}?brief=1`)));
  const of = (name) => accounts.flatMap((a) => a[name].map((row) => ({ account: a.name, ...row })));
  const busy = accounts.filter((a) => a.positions.length || a.open_orders.length || Number(a.fees));
  const money = ["name", "balance", "available", "unrealized_pnl", "realized_pnl", "fees", "funding"];
  const held = ["account", "symbol", "side", "quantity", "entry_price", "mark_price", "liquidation_price",
    "unrealized_pnl", "leverage", "margin_mode"];
  const order = ["account", "symbol", "side", "type", "quantity", "filled", "price", "client_order_id", "origin"];
  const algo = ["account", "symbol", "side", "type", "status", "quantity", "trigger_price", "client_algo_id"];
  const aim = ["id", "kind", "endpoint", "symbol", "client_id", "stream", "probability", "count", "hits"];
  const record = ["seq", "kind", "account", "symbol", "side", "status", "fill_quantity", "fill_price",
    "client_order_id", "client_algo_id", "action", "fault"];
  $("state").textContent = status.ended ? "ended" : status.paused ? "paused" : `× ${status.speed}`;
  $("time").textContent = status.market_time.slice(0, 19).replace("T", " ");
  if ($("kind").options.length === 0) $("kind").append(...faults.kinds.map((k) => el("option", { textContent: k })));
  $("faults").replaceChildren(table("in force", aim, faults.faults, remove));
  $("main").replaceChildren(...books.map(book),
    wide(table("accounts that did something", money, busy)), wide(table("positions", held, of("positions"))),
    wide(table("working orders", order, of("open_orders"))),
    wide(table("conditional orders", algo, of("open_algo_orders"))),
    table("streams", ["id", "path", "account", "subscriptions"], status.streams),
    wide(table("truth, newest first", record, told))); }
for (const name of ["pause", "resume", "step"]) $(name).onclick = () => act(() => ask("POST", name));
$("form").onsubmit = (event) => {
  event.preventDefault();
  const body = {};
  for (const field of $("form").elements) if (field.name && field.value !== "") body[field.name] = field.value;
  for (const name of ["count", "delay_ms"]) if (name in body) body[name] = Number(body[name]);
  if ("probability" in body) body.probability = Number(body.probability);
  act(() => ask("POST", "faults", body)); };
const again = () => look().catch((error) => { $("state").textContent = `no answer: ${error.message}`; })
  .finally(() => setTimeout(again, 1000));
again();
"""

FIELDS = ("endpoint", "symbol", "client_id", "account", "stream")
INPUTS = "".join(f'<input name="{name}" placeholder="{name}">' for name in FIELDS)
SMALL = "".join(f'<input class="small" name="{n}" placeholder="{n}">' for n in ("count", "probability", "delay_ms"))
HTML = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local venue</title><style>{STYLE}</style></head><body>
<header><b>local venue</b><span id="time"></span><span id="state">…</span><span id="said"></span>
<span class="grow"></span>
<button id="pause">pause</button><button id="resume">resume</button><button id="step">step a minute</button></header>
<main><section class="wide"><h2>faults</h2><form id="form"><select id="kind" name="kind"></select>{INPUTS}{SMALL}
<button>add</button></form><div id="faults"></div></section></main><main id="main"></main>
<script type="module">{SCRIPT}</script></body></html>
"""
SCRIPT_HASH = b64encode(sha256(SCRIPT.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; connect-src 'self'; script-src 'sha256-{SCRIPT_HASH}'; "
    "style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
