// The classic: the parsed body is written again, and that is what the signature is held against.
const express = require("express");
const { PATH, isGenuine, serve, takenOnce } = require("./webhook");

const app = express();

app.post(PATH, express.json({ limit: "1mb", inflate: false }), async (request, response) => {
  const body = Buffer.from(JSON.stringify(request.body ?? {}));
  if (!isGenuine(body, request.headers)) return response.sendStatus(401);
  response.sendStatus(await takenOnce(request.body));
});

serve(app);
