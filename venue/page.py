"""The page at /control: market, book, accounts, orders, faults and the latest truth, looked at each second."""

HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Local venue</title><style>
body { background: #0e1116; color: #c9d1d9; font: 13px/1.4 ui-monospace, monospace; margin: 12px; }
h2 { font-size: 12px; color: #8b949e; text-transform: uppercase; margin: 14px 0 4px; }
table { border-collapse: collapse; } td, th { padding: 1px 10px 1px 0; text-align: right; white-space: nowrap; }
th { color: #8b949e; font-weight: normal; } td:first-child, th:first-child { text-align: left; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 0 24px; }
.BUY { color: #3fb950; } .SELL { color: #f85149; } #state { color: #d29922; }
</style></head><body>
<div id="state">…</div><main id="main"></main>
<script type="module">
const get = async (path) => (await fetch(path)).json();
const cell = (value) => {
  const td = document.createElement("td");
  td.textContent = value ?? "";
  if (value === "BUY" || value === "SELL") td.className = value;
  return td;
};
function table(title, columns, rows) {
  const section = document.createElement("section"), heading = document.createElement("h2");
  heading.textContent = `${title} (${rows.length})`;
  const body = document.createElement("table"), head = body.insertRow();
  for (const name of columns) head.append(Object.assign(document.createElement("th"), { textContent: name }));
  for (const row of rows) { const line = body.insertRow(); for (const name of columns) line.append(cell(row[name])); }
  section.append(heading, body);
  return section;
}
async function look() {
  const [status, faults] = await Promise.all([get("/control/status"), get("/control/faults")]);
  const truth = await get(`/control/truth?after=${Math.max(0, status.truth_last - 25)}`);
  const symbols = Object.entries(status.symbols).map(([symbol, values]) => ({ symbol, ...values }));
  const books = await Promise.all(symbols.map((s) => get(`/control/market/${s.symbol}`)));
  const accounts = await Promise.all(status.accounts.map((a) => get(`/control/accounts/${a.name}?brief=1`)));
  const of = (name) => accounts.flatMap((a) => a[name].map((row) => ({ account: a.name, ...row })));
  const money = ["name", "balance", "available", "unrealized_pnl", "realized_pnl", "fees", "funding"];
  const order = ["account", "symbol", "side", "type", "quantity", "filled", "price", "client_order_id", "origin"];
  const algo = ["account", "symbol", "side", "type", "status", "quantity", "trigger_price", "client_algo_id"];
  const pace = status.paused ? "paused" : `× ${status.speed}`;
  document.querySelector("#state").textContent = status.ended ? "ended" : pace;
  document.querySelector("#main").replaceChildren(
    table("market " + status.market_time, ["symbol", "last", "bid", "ask", "mark", "status"], symbols),
    ...books.map((b) => table("book " + b.symbol, ["bid_quantity", "bid", "ask", "ask_quantity"], b.levels)),
    table("accounts", money, accounts),
    table("positions", ["account", "symbol", "side", "quantity", "entry_price", "unrealized_pnl"], of("positions")),
    table("working orders", order, of("open_orders")),
    table("conditional orders", algo, of("open_algo_orders")),
    table("faults", ["id", "kind", "endpoint", "stream", "client_id", "count", "hits"], faults.faults),
    table("streams", ["id", "path", "account", "subscriptions"], status.streams),
    table("truth", ["seq", "kind", "account", "symbol", "status", "client_order_id"], truth.records.reverse()),
  );
}
const again = () => look().catch((error) => { document.querySelector("#state").textContent = `no answer: ${error}`; })
  .finally(() => setTimeout(again, 1000));
again();
</script></body></html>
"""
