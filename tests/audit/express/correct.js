// Express as it should be: the raw body, bounded and not inflated, verified before it is parsed.
const express = require("express");
const { PATH, isGenuine, parsed, serve, takenOnce } = require("./webhook");

const app = express();
const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });

app.post(PATH, raw, async (request, response) => {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (!isGenuine(body, request.headers)) return response.sendStatus(401);
  response.sendStatus(await takenOnce(parsed(body)));
});

serve(app);
