-- wrk: a fresh id, a fresh time and an HMAC-SHA256 by libcrypto in each request.
-- LuaJIT has no JSON writer: the body is pieces of text, as a person who cares for speed would.
local ffi = require("ffi")
ffi.cdef [[
struct moment { long seconds; long microseconds; };
int gettimeofday(struct moment *now, void *zone);
const void *EVP_sha256(void);
unsigned char *HMAC(const void *kind, const void *key, int key_length, const char *text,
                    size_t length, unsigned char *digest, unsigned int *digest_length);
]]
local crypto = ffi.load("libcrypto.so.3")
local now = ffi.new("struct moment")
local digest = ffi.new("unsigned char[32]")
local kind = crypto.EVP_sha256()
local key = os.getenv("BENCHMARK_KEY")
local before, after

local hex = {}
for byte = 0, 255 do hex[byte] = string.format("%02x", byte) end

local function in_hex(bytes)
  local parts = {}
  for place = 0, 31 do parts[place + 1] = hex[bytes[place]] end
  return table.concat(parts)
end

local function fresh_id()
  local random = math.random
  return string.format("%08x-%04x-4%03x-%04x-%06x%06x", random(0, 0x7fffffff), random(0, 0xffff),
    random(0, 0xfff), 0x8000 + random(0, 0x3fff), random(0, 0xffffff), random(0, 0xffffff))
end

function init(arguments)
  local file = assert(io.open(os.getenv("BENCHMARK_BODY"), "rb"))
  local body = file:read("*a")
  file:close()
  before, after = body:match('^(.*"timestamp":")[^"]*(","webhookId":")[^"]*"}$')
  ffi.C.gettimeofday(now, nil)
  math.randomseed(tonumber(now.microseconds))
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  ffi.C.gettimeofday(now, nil)
  local seconds = tonumber(now.seconds)
  local stamp = string.format("%s.%03dZ", os.date("!%Y-%m-%dT%H:%M:%S", seconds),
    math.floor(tonumber(now.microseconds) / 1000))
  local body = before .. stamp .. after .. fresh_id() .. '"}'
  local text = seconds .. "." .. body
  crypto.HMAC(kind, key, #key, text, #text, digest, nil)
  wrk.headers["X-Timestamp"] = tostring(seconds)
  wrk.headers["X-Signature"] = in_hex(digest)
  return wrk.format(nil, nil, nil, body)
end
