// autocannon: fresh JSON, a fresh id and time, and node's HMAC-SHA256 in each request.
const crypto = require("node:crypto");
const fs = require("node:fs");
const autocannon = require(process.env.BENCHMARK_AUTOCANNON);

const key = process.env.BENCHMARK_KEY;
const event = JSON.parse(fs.readFileSync(process.env.BENCHMARK_BODY));
const [connections, seconds] = process.argv.slice(2).map(Number);

function setupRequest(request) {
  const now = new Date();
  event.timestamp = now.toISOString();
  event.webhookId = crypto.randomUUID();
  const body = JSON.stringify(event);
  const stamp = Math.floor(now / 1000).toString();
  const signature = crypto.createHmac("sha256", key).update(`${stamp}.${body}`).digest("hex");
  request.body = body;
  request.headers = { "content-type": "application/json", "x-timestamp": stamp, "x-signature": signature };
  return request;
}

autocannon({
  url: process.env.BENCHMARK_URL,
  connections,
  duration: seconds,
  requests: [{ method: "POST", setupRequest }],
}).catch(() => process.exit(1));
