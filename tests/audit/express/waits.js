// The call upstream has no deadline, and the answer waits for it.
const express = require("express");
const { PATH, act, isEvent, isGenuine, parsed, serve } = require("./webhook");

const app = express();
const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });
const seen = new Set();

app.post(PATH, raw, async (request, response) => {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (!isGenuine(body, request.headers)) return response.sendStatus(401);
  const event = parsed(body);
  if (!isEvent(event)) return response.sendStatus(422);
  if (seen.has(event.webhookId)) return response.sendStatus(200);
  seen.add(event.webhookId);
  await act(event, null).catch(() => seen.delete(event.webhookId));
  response.sendStatus(seen.has(event.webhookId) ? 200 : 503);
});

serve(app);
