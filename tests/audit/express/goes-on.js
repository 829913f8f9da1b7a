// A `return` is missing: what was answered 401 is acted on all the same.
const express = require("express");
const { PATH, isGenuine, parsed, serve, takenOnce } = require("./webhook");

const app = express();
const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });

app.post(PATH, raw, async (request, response) => {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (!isGenuine(body, request.headers)) response.sendStatus(401);
  const status = await takenOnce(parsed(body));
  if (!response.headersSent) response.sendStatus(status);
});

serve(app);
