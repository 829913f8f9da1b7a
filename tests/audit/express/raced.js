// It looks whether an id is known, waits, acts, and notes the id afterwards.
const express = require("express");
const { PATH, act, isEvent, isGenuine, parsed, serve } = require("./webhook");

const app = express();
const raw = express.raw({ type: () => true, limit: "1mb", inflate: false });
const done = new Map();
const store = {
  knows: async (id) => new Promise((resolve) => setImmediate(() => resolve(done.has(id)))),
  note: async (id) => done.set(id, true),
};

app.post(PATH, raw, async (request, response) => {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (!isGenuine(body, request.headers)) return response.sendStatus(401);
  const event = parsed(body);
  if (!isEvent(event)) return response.sendStatus(422);
  if (await store.knows(event.webhookId)) return response.sendStatus(200);
  try {
    await act(event);
  } catch {
    return response.sendStatus(503);
  }
  await store.note(event.webhookId);
  response.sendStatus(200);
});

serve(app);
