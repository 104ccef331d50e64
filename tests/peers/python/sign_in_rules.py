"""What a request to Entra's sign-in endpoints must look like, from Microsoft's pages on each flow."""

import base64
import json
import re
from urllib.parse import parse_qsl

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
LIFETIME_MAX_S = 600
PATH = re.compile(r"/(?P<tenant>[^/]+)/oauth2/v2\.0/(?P<endpoint>token|devicecode)")
ALLOWED = {
    "client_credentials": {"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope"},
    DEVICE_GRANT: {"grant_type", "client_id", "device_code"},
    "refresh_token": {"grant_type", "client_id", "refresh_token", "scope"},
}
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def problems(method, path, query, headers, body, base, seen_ids):
    """Everything that is wrong with one request. `seen_ids` remembers the ids of assertions over requests."""
    found = []
    match = PATH.fullmatch(path)
    if not match:
        return ["no such sign-in endpoint: %s" % path]
    named = {name.lower(): value for name, value in headers}
    if method != "POST":
        found.append("%s instead of POST" % method)
    if query:
        found.append("a query: what belongs into the body would end up in logs")
    if not named.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        found.append("content type %s" % named.get("content-type"))
    if "authorization" in named:
        found.append("an Authorization header sent to the sign-in")
    if not GUID.fullmatch(match["tenant"]):
        found.append("the tenant is no id: '%s' could sign in to another tenant" % match["tenant"])
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    form = dict(pairs)
    found += ["field %s twice" % name for name in form if [key for key, _ in pairs].count(name) > 1]
    found += ["empty field %s" % name for name, value in form.items() if not value]
    if "client_id" not in form:
        found.append("no client_id")
    if match["endpoint"] == "devicecode":
        found += ["unknown field %s" % name for name in set(form) - {"client_id", "scope"}]
        return found + scope_problems(form)
    grant = form.get("grant_type")
    if grant not in ALLOWED:
        return found + ["unknown grant_type %s" % grant]
    found += ["unknown field %s" % name for name in set(form) - ALLOWED[grant]]
    if grant == DEVICE_GRANT and "device_code" not in form:
        found.append("no device_code")
    if grant == "client_credentials":
        found += scope_problems(form)
        if not form.get("scope", "").endswith("/.default") or " " in form.get("scope", ""):
            found.append("the scope of an application is one resource with /.default")
        found += credential_problems(form, base + path, seen_ids)
    return found


def scope_problems(form):
    return [] if form.get("scope") else ["no scope"]


def credential_problems(form, endpoint, seen_ids):
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if bool(secret) == bool(assertion):
        return ["exactly one of client_secret and client_assertion is needed"]
    if secret:
        return []
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return ["client_assertion_type %s" % form.get("client_assertion_type")]
    return assertion_problems(assertion, form.get("client_id"), endpoint, seen_ids)


def assertion_problems(assertion, client, endpoint, seen_ids):
    try:
        head, claims, signature = assertion.split(".")
        head, claims, signature = json.loads(decoded(head)), json.loads(decoded(claims)), decoded(signature)
    except ValueError as error:
        return ["the assertion is no JWT: %s" % error]
    if "x5t#S256" not in head and "x5t" not in head:
        # A workload's token comes from its platform, which names its key as it likes.
        return [] if claims.get("iss") and claims.get("sub") and claims.get("exp") else ["a token without iss, sub, exp"]
    found = []
    if head.get("alg") != "PS256":
        found.append("alg %s" % head.get("alg"))
    if head.get("typ", "JWT") != "JWT":
        found.append("typ %s" % head.get("typ"))
    try:
        if len(decoded(head["x5t#S256"])) != 32:
            found.append("x5t#S256 is no SHA-256")
    except (KeyError, ValueError):
        found.append("x5t#S256 is missing or not base64url without padding")
    for name, expected in (("aud", endpoint), ("iss", client), ("sub", client)):
        if claims.get(name) != expected:
            found.append("%s is %s, not %s" % (name, claims.get(name), expected))
    times = [claims.get(name) for name in ("iat", "nbf", "exp")]
    if not all(isinstance(moment, int) and not isinstance(moment, bool) for moment in times):
        found.append("iat, nbf, exp are not whole seconds: %s" % times)
    elif not (times[1] <= times[0] < times[2] <= times[0] + LIFETIME_MAX_S):
        found.append("iat, nbf, exp do not fit: %s" % times)
    if not claims.get("jti"):
        found.append("no jti")
    elif claims["jti"] in seen_ids:
        found.append("jti used before")
    else:
        seen_ids.add(claims["jti"])
    if not signature:
        found.append("no signature")
    return found


def decoded(text):
    """base64url without padding, and nothing else."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
