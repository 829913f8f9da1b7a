"""Plain comparisons of signatures are named with their line, and no others."""

import pytest

from ghlctl.audit.comparisons.look import look
from ghlctl.audit.comparisons.place import is_signature_header, is_signature_name, words
from ghlctl.audit.comparisons.tokens import Kind, tokens_of
from ghlctl.audit.steps import SourceFile

PLAIN = (
    (
        "app.py",
        """\
import hmac, hashlib
def verify(body, header, key):
    expected = hmac.new(key, body, hashlib.sha256).hexdigest()
    return expected == header
""",
        [(4, "expected == header")],
    ),
    (
        "app.py",
        """\
import hmac
def ok(request, secret):
    sig = request.headers["X-Signature"]
    return sig != hmac.new(secret, request.body, "sha256").hexdigest()
""",
        [(4, "sig != hmac.new(secret, request.body, 'sha256').hexdigest()")],
    ),
    (
        "app.py",
        """\
from .signing import compute_signature
def webhook(request):
    if compute_signature(request.body) != request.headers.get("x-wh-signature"):
        raise Forbidden
""",
        [(3, "compute_signature(request.body) != request.headers.get('x-wh-signature')")],
    ),
    (
        "app.py",
        """\
import hmac
async def hook(request):
    mac = hmac.new(K.encode(), await request.body(), "sha256")
    given = request.headers.get("X-Hub-Signature-256", "").removeprefix("sha256=")
    if not given == f"{mac.hexdigest()}":
        return 401
""",
        [(5, "given == f'{mac.hexdigest()}'")],
    ),
    (
        "app.py",
        """\
import hmac
def any_of(header, body, k):
    want = hmac.digest(k, body, "sha256").hex()
    return want in header.split(",")
""",
        [(4, "want in header.split(',')")],
    ),
    (
        "app.py",
        """\
import hmac
def same(a, b):
    for x, y in zip(a, b):
        if x != y: return False
    return True
def verify(body, signature, key):
    expected = hmac.new(key, body, "sha256").hexdigest()
    for x, y in zip(expected, signature):
        if x != y: return False
    return True
""",
        [(9, "x != y")],
    ),
    (
        "app.py",
        """\
import hashlib
def check(body, signature):
    return hashlib.sha256(SECRET + body).hexdigest() == signature
""",
        [(3, "hashlib.sha256(SECRET + body).hexdigest() == signature")],
    ),
    (
        "a.js",
        """\
const crypto = require('crypto');
app.post('/hook', (req, res) => {
  const sig = req.headers['x-signature'];
  const expected = crypto.createHmac('sha256', SECRET).update(req.rawBody).digest('hex');
  if (sig !== expected) { return res.status(401).end(); }
});
""",
        [(5, "sig !== expected")],
    ),
    (
        "b.ts",
        """\
import { createHmac } from "crypto";
function sign(body: string): string {
  return createHmac("sha256", KEY).update(body).digest("base64");
}
export async function POST(req: Request) {
  const body = await req.text()
  if (req.headers.get("x-hub-signature-256") === `sha256=${sign(body)}`) return ok()
}
""",
        [(7, 'req.headers.get("x-hub-signature-256") === `sha256=${sign(body)}`')],
    ),
    (
        "c.js",
        """\
const expectedHash: string = `sha256=${h}`
const hmac = crypto.createHmac('sha256', k); hmac.update(raw)
const digest = 'sha256=' + hmac.digest('hex')
const ok = signatures.some(s => s === digest)
""",
        [(4, "s === digest")],
    ),
    (
        "d.php",
        """\
<?php
$expected = hash_hmac('sha256', $payload, $secret);
if ($expected == $_SERVER['HTTP_X_SIGNATURE']) { act(); }
""",
        [(3, "$expected == $_SERVER['HTTP_X_SIGNATURE']")],
    ),
    (
        "e.php",
        """\
<html><?php
class V {
  private function compute($b) { return base64_encode(hash_hmac('sha256', $b, $this->k, true)); }
  public function verify(string $b, string $given): bool { return $this->compute($b) === $given; }
}
""",
        [(4, "$this->compute($b) === $given")],
    ),
    (
        "f.php",
        """\
<?php
// comment with 'quote
$sig = $request->header('X-Signature');
$calc = hash_hmac("sha256", $body, $key);
if (strcmp($sig, $calc) !== 0) { abort(401); }
""",
        [(5, "strcmp($sig, $calc)")],
    ),
    (
        "g.js",
        """\
const a = crypto.createHmac("sha1", key).update(buf).digest()
const given = Buffer.from(req.get('X-Signature'), 'hex')
if (!a.equals(given)) throw new Error('bad')
if (Buffer.compare(a, given) !== 0) throw 1
""",
        [(3, "a.equals(given)"), (4, "compare(a, given)")],
    ),
    (
        "h.js",
        """\
const { computeSignature } = require('./sign');
module.exports = (req) => computeSignature(req.rawBody) === req.headers["x-wh-signature"];
""",
        [(2, 'computeSignature(req.rawBody) === req.headers["x-wh-signature"]')],
    ),
    (
        "i.js",
        """\
const hmac = crypto.createHmac('sha256', s).update(b).digest('hex')
for (let i = 0; i < hmac.length; i++) {
  if (hmac[i] !== signature[i]) return false
}
""",
        [(3, "hmac[i] !== signature[i]")],
    ),
    (
        "k.js",
        """\
const mac = createHmac('sha256', s).update(b).digest('hex');
if (!header.split(',').includes(mac)) return 401;
""",
        [(2, "header.split(',').includes(mac)")],
    ),
)


FINE = (
    (
        "app.py",
        """\
import hmac, hashlib
def verify(body, signature, key):
    expected = hmac.new(key, body, hashlib.sha256).hexdigest()
    if signature is None or signature == "" or len(signature) != len(expected): return False
    return hmac.compare_digest(expected, signature) == True
""",
    ),
    (
        "app.py",
        """\
import hmac
def pseudonym(email): return hmac.new(K, email, "sha256").hexdigest()
def find(rows, email):
    wanted = pseudonym(email)
    return [r for r in rows if r.person == wanted or wanted in seen]
""",
    ),
    (
        "app.py",
        """\
import inspect
def f(a,b):
    sig = inspect.signature(a)
    return sig == inspect.signature(b)
""",
    ),
    (
        "app.py",
        """\
import hashlib
def etag(body, request):
    digest = hashlib.sha256(body).hexdigest()
    return request.headers.get("If-None-Match") == digest
""",
    ),
    (
        "app.py",
        """\
import hmac
def v(headers, seen):
    signature = headers.get("x-signature")
    if signature in seen: return "dup"
    if signature.split("=")[0] == "sha256" and signature[:3] == "v1,": pass
    signature_version = headers["v"]
    if signature_version == other.signature_version: pass
    if scheme == "hmac": pass
    if not signature.startswith("sha256="): pass
    if signature == NOTHING: pass
""",
    ),
    (
        "app.py",
        """\
import hmac
def cached(body, cache):
    key = hmac.new(K, body, "sha256").hexdigest()
    if key in cache: return cache[key]
    if cache.last == key: return 1
""",
    ),
    (
        "a.js",
        """\
const sig = req.headers['x-signature'];
const expected = crypto.createHmac('sha256', SECRET).update(req.rawBody).digest('hex');
// sig === expected would leak
if (!sig || typeof sig !== 'string' || sig === undefined) return 401;
if (sig.length !== expected.length) return 401;
if (sig === '' || sig == null) return 401
const ok = crypto.timingSafeEqual(Buffer.from(sig), Buffer.from(expected)) === true;
if (ok === false) return;
const s = "sig === expected";
if (!sig.startsWith('sha256=')) return 1;
""",
    ),
    (
        "b.ts",
        """\
if (node.signature === other.signature) return;
if (signatureVersion === "v1") {}
if (location.hash === '#a') {}
const signatureType = req.headers['x-signature-type']; if (signatureType !== allowedType) {}
""",
    ),
    (
        "c.php",
        """\
<?php
$expected = hash_hmac('sha256', $payload, $secret);
if (empty($sig) || $sig === null || strlen($sig) !== strlen($expected)) { die; }
if (!hash_equals($expected, $sig)) { die; }
if (strpos($sig, 'sha256=') !== 0) { die; }
$a = $etag == $hash;
""",
    ),
    (
        "d.js",
        """\
const pseudonym = crypto.createHmac('sha256', k).update(email).digest('hex');
const row = rows.find(r => r.person === pseudonym);
const cacheKey = crypto.createHmac('sha1', k).update(url).digest('hex');
if (cache.has(cacheKey) || last === cacheKey) return;
if (seen.includes(signature)) return 'duplicate';
""",
    ),
    (
        "e.js",
        """\
function a() {
  const h = createHmac('sha256', k).update(b).digest('hex');
  return timingSafeEqual(Buffer.from(h), given);
}
function b() { const h = location.hash; return h === expected; }
function c(key) {
  switch (key) { case 'signature': return 1 }
  const r = /sig === "/g;
  return a / b / signature.length === 3
}
""",
    ),
)


@pytest.mark.parametrize(("path", "text", "places"), PLAIN)
def test_a_plain_comparison_is_named(path: str, text: str, places: list[tuple[int, str]]) -> None:
    found = look([SourceFile(path, text)])
    assert [(one.line, one.expression) for one in found.plain] == places
    fixes = {"py": "hmac.compare_digest", "php": "hash_equals"}
    fix = fixes.get(path.rpartition(".")[2], "crypto.timingSafeEqual")
    assert all(one.fix.startswith(fix) for one in found.plain)


@pytest.mark.parametrize(("path", "text"), FINE)
def test_other_comparisons_and_constant_ones_are_left_alone(path: str, text: str) -> None:
    assert look([SourceFile(path, text)]).plain == ()


def test_a_mac_that_another_file_makes_is_known() -> None:
    maker = SourceFile(
        "lib/sign.py",
        "import hmac\n\ndef sign(body):\n    return hmac.new(K, body, 'sha256').hexdigest()\n",
    )
    user = SourceFile("app.py", "def check(body, given):\n    return sign(body) == given\n")
    assert look([user]).plain == ()
    assert [one.path for one in look([maker, user]).plain] == ["app.py"]


@pytest.mark.parametrize("path", ["tests/test_app.py", "src/a.test.ts", "tests/HookTest.php"])
def test_tests_may_compare_as_they_like(path: str) -> None:
    text = "import hmac\nassert signature == expected_signature\n"
    assert look([SourceFile(path, text)]).plain == ()


@pytest.mark.parametrize("text", ["def (", "x = '\\", "\0", "(" * 5000, "`${`", "<?php /*", "/[/"])
@pytest.mark.parametrize("path", ["a.py", "a.js", "a.php"])
def test_what_cannot_be_read_breaks_nothing(path: str, text: str) -> None:
    found = look([SourceFile(path, "hmac\n" + text)])
    assert found.plain == ()


def test_comments_texts_and_patterns_are_no_code() -> None:
    text = "a /* sig === x */ = 'sig === y' // sig === z\nr = /sig === \"/g; b = 1 / 2 / sig"
    signs = [one.text for one in tokens_of(text, php=False) if one.kind is Kind.SIGN]
    assert signs == ["=", "=", ";", "=", "/", "/"]


@pytest.mark.parametrize("name", ["signature", "expectedSig", "X-Hub-Signature-256", "hmac_hex"])
def test_names_of_signatures(name: str) -> None:
    assert is_signature_name(name)
    assert is_signature_header(name)


@pytest.mark.parametrize("name", ["signature_version", "design", "hmacKey", "signatureType", "x"])
def test_names_of_other_things(name: str) -> None:
    assert not is_signature_name(name)
    assert words("aBc_d-E") == ["a", "bc", "d", "e"]
