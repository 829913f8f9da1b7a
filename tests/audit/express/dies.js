// timingSafeEqual throws for lengths that differ, in a callback where nobody catches it.
const crypto = require("node:crypto");
const express = require("express");
const { PATH, expectedFor, parsed, serve, takenOnce } = require("./webhook");

const app = express();
const LIMIT = 1_000_000;

app.post(PATH, (request, response) => {
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size <= LIMIT) chunks.push(chunk);
  });
  request.on("end", () => {
    if (size > LIMIT) return response.sendStatus(413);
    const body = Buffer.concat(chunks);
    const given = Buffer.from(request.get("x-hub-signature-256") ?? "");
    if (!crypto.timingSafeEqual(given, Buffer.from(expectedFor(body)))) {
      return response.sendStatus(401);
    }
    takenOnce(parsed(body)).then((status) => response.sendStatus(status));
  });
});

serve(app);
