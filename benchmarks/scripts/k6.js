// k6: fresh JSON, a fresh id and time, and its own HMAC-SHA256 in each request.
import http from "k6/http";
import crypto from "k6/crypto";

const key = __ENV.BENCHMARK_KEY;
const event = JSON.parse(open(__ENV.BENCHMARK_BODY));
const hex = (bytes) => [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, "0")).join("");

function freshId() {
  const text = hex(crypto.randomBytes(16));
  return [text.slice(0, 8), text.slice(8, 12), "4" + text.slice(13, 16), "a" + text.slice(17, 20), text.slice(20)].join("-");
}

export default function () {
  const now = new Date();
  event.timestamp = now.toISOString();
  event.webhookId = freshId();
  const body = JSON.stringify(event);
  const stamp = Math.floor(now / 1000).toString();
  const signature = crypto.hmac("sha256", key, stamp + "." + body, "hex");
  http.post(__ENV.BENCHMARK_URL, body, {
    headers: { "Content-Type": "application/json", "X-Timestamp": stamp, "X-Signature": signature },
  });
}
