// Node's own server, without Express.
const http = require("node:http");
const { PATH, isGenuine, listen, parsed, takenOnce } = require("./webhook");

const LIMIT = 1_000_000;

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function statusFor(request) {
  if (request.url.split("?")[0] !== PATH) return 404;
  if (request.method !== "POST") return 405;
  if (Number(request.headers["content-length"] ?? 0) > LIMIT) return 413;
  const body = await bodyOf(request);
  if (body === undefined) return 413;
  if (!isGenuine(body, request.headers)) return 401;
  return takenOnce(parsed(body));
}

const server = http.createServer(async (request, response) => {
  try {
    const status = await statusFor(request);
    response.writeHead(status, { Connection: "close", "Content-Length": 0 }).end();
  } catch {
    response.destroy(); // the sender has gone
  }
});

listen(server);
