// What comes packed is unpacked by hand; the limit is on what comes, not on what comes out.
const zlib = require("node:zlib");
const express = require("express");
const { PATH, isGenuine, parsed, serve, takenOnce } = require("./webhook");

const app = express();
const UNPACKS = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };

function unpacked(request, response, next) {
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size <= 1_000_000) chunks.push(chunk);
  });
  request.on("end", () => {
    if (size > 1_000_000) return response.sendStatus(413);
    const unpack = UNPACKS[request.get("content-encoding")];
    try {
      request.body = unpack ? unpack(Buffer.concat(chunks)) : Buffer.concat(chunks);
    } catch {
      return response.sendStatus(400);
    }
    next();
  });
}

app.post(PATH, unpacked, async (request, response) => {
  if (!isGenuine(request.body, request.headers)) return response.sendStatus(401);
  response.sendStatus(await takenOnce(parsed(request.body)));
});

serve(app);
