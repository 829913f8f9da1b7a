// What every receiver here does alike: verify a delivery, look at its event, act, listen.
const crypto = require("node:crypto");

const UPSTREAM = process.env.UPSTREAM;
const SECRET = process.env.SECRET;
const publicKey = process.env.PUBLIC_KEY && crypto.createPublicKey(process.env.PUBLIC_KEY);

const PATH = "/webhooks/ghl";
const DEADLINE_MS = 2000;
const OLDEST_MS = 7 * 86400 * 1000;
const TEXTS = ["type", "locationId", "id", "email", "timestamp", "webhookId"];
const IDS = ["locationId", "id", "webhookId"];
const PLAIN = /^[A-Za-z0-9._:-]{0,127}[A-Za-z0-9]$/;

// Ed25519, as HighLevel signs.
function heldByKey(body, headers) {
  const signature = headers["x-ghl-signature"] ?? "";
  const bytes = Buffer.from(signature, "base64");
  if (bytes.length !== 64 || bytes.toString("base64") !== signature) return false;
  return crypto.verify(null, body, publicKey, bytes);
}

const expectedFor = (body) =>
  "sha256=" + crypto.createHmac("sha256", SECRET).update(body).digest("hex");

// HMAC-SHA256, as GitHub signs.
function heldBySecret(body, headers) {
  const given = Buffer.from(headers["x-hub-signature-256"] ?? "");
  const expected = Buffer.from(expectedFor(body));
  return given.length === expected.length && crypto.timingSafeEqual(given, expected);
}

const isGenuine = publicKey ? heldByKey : heldBySecret;

function parsed(body) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function isEvent(event) {
  if (event === null || typeof event !== "object" || Array.isArray(event)) return false;
  if (!TEXTS.every((name) => typeof event[name] === "string" && event[name])) return false;
  if (!IDS.every((name) => PLAIN.test(event[name]))) return false;
  return Math.abs(Date.now() - Date.parse(event.timestamp)) < OLDEST_MS;
}

async function act(event, signal = AbortSignal.timeout(DEADLINE_MS)) {
  const answer = await fetch(`${UPSTREAM}/contacts/${encodeURIComponent(event.id)}`, {
    method: "PUT",
    headers: {
      "Content-Type": "application/json",
      "Idempotency-Key": `${event.webhookId}:score`,
      Authorization: `Bearer loc-${event.locationId}`,
    },
    body: JSON.stringify({ score: 7 }),
    signal,
  });
  if (!answer.ok) throw new Error(`the upstream answered ${answer.status}`);
}

const seen = new Set();

// Status for an event whose signature held: once for each id, and again only after a failure.
async function takenOnce(event) {
  if (!isEvent(event)) return 422;
  if (seen.has(event.webhookId)) return 200;
  seen.add(event.webhookId);
  try {
    await act(event);
    return 200;
  } catch {
    seen.delete(event.webhookId);
    return 503;
  }
}

function listen(server) {
  const listening = server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
    console.log(`listening on ${listening.address().port}`);
  });
}

// An Express app that keeps its tongue, whatever is thrown.
function serve(app) {
  app.disable("x-powered-by");
  app.use((error, _request, response, _next) => response.sendStatus(error.status ?? 500));
  listen(app);
}

module.exports = { PATH, act, expectedFor, isEvent, isGenuine, listen, parsed, serve, takenOnce };
