"""Microsoft's own description of Graph as a judge of single requests and answers.

The description is kept unaltered in `graph-description/`; what is known to be wrong in it is put right here, in memory,
point by point. On top come rules that an OpenAPI document cannot say: which properties exist, what an entry of
`keyCredentials` must look like, which headers a request carries.
"""

import base64
import binascii
import copy
import json
import re
from pathlib import Path

from openapi_core import V30RequestValidator, V30ResponseValidator
from openapi_core.datatypes import RequestParameters
from jsonschema_path import SchemaPath
from werkzeug.datastructures import Headers, ImmutableMultiDict

HOST = "https://graph.microsoft.com"
VERSION = "/v1.0"
BATCH_MAX = 20
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Options that the description has no word for, with where Microsoft documents them.
QUERY_OPTIONS_ALWAYS = {"$skiptoken"}  # part of every @odata.nextLink


def corrected(description):
    """The description with its known mistakes put right."""
    fixed = copy.deepcopy(description)
    correct_schemas(fixed)
    paths = fixed["paths"]
    for path in list(paths):
        # All of Microsoft's pages call bound actions without the namespace.
        if "/microsoft.graph." in path:
            paths[path.replace("/microsoft.graph.", "/")] = renamed(paths[path], ".short")
    for collection, parameter in (("servicePrincipals", "servicePrincipal-id"), ("applications", "application-id")):
        # The alternate key is documented on the pages of both types and younger than the description.
        by_application = renamed(paths["/%s/{%s}" % (collection, parameter)], ".byAppId")
        by_application["parameters"][0]["name"] = "appId"
        paths["/%s(appId='{appId}')" % collection] = by_application
    for item in paths.values():
        # The pages and the service answer a PATCH with 204 and nothing; the description knows the entity only.
        if "patch" in item:
            item["patch"]["responses"]["204"] = {"description": "changed"}
    paths["/$batch"] = batch_path()
    return fixed


def correct_schemas(node):
    if isinstance(node, dict):
        required = node.get("required")
        if isinstance(required, list) and "@odata.type" in required:
            # Optional control information in OData; neither Microsoft's examples nor its libraries send it.
            required.remove("@odata.type")
            if not required:
                del node["required"]
        if node.get("format") == "base64url":
            # Edm.Binary: the service takes and gives standard base64 and refuses the other alphabet.
            node["format"] = "byte"
        # Their mappings name hundreds of types that are not part of this extract.
        if isinstance(node.get("discriminator"), dict):
            del node["discriminator"]
        for value in node.values():
            correct_schemas(value)
    elif isinstance(node, list):
        for value in node:
            correct_schemas(value)


def renamed(item, suffix):
    """A copy of a path item whose operations have ids of their own."""
    item = copy.deepcopy(item)
    for operation in item.values():
        if isinstance(operation, dict) and "operationId" in operation:
            operation["operationId"] += suffix
    return item


def batch_path():
    """JSON batching has a documentation page and no place in the description."""
    request = {
        "type": "object",
        "required": ["id", "method", "url"],
        "properties": {
            "id": {"type": "string"},
            "method": {"type": "string", "enum": ["GET", "POST", "PATCH", "PUT", "DELETE"]},
            "url": {"type": "string", "pattern": "^/"},
            "headers": {"type": "object"},
            "body": {},
            "dependsOn": {"type": "array", "items": {"type": "string"}},
        },
        "additionalProperties": False,
    }
    answer = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {"id": {"type": "string"}, "status": {"type": "integer"}},
    }

    def listing(name, item, **limits):
        array = {"type": "array", "items": item, **limits}
        return {"application/json": {"schema": {"type": "object", "required": [name], "properties": {name: array}}}}

    return {
        "post": {
            "operationId": "batch",
            "requestBody": {"required": True, "content": listing("requests", request, minItems=1, maxItems=BATCH_MAX)},
            "responses": {
                "200": {"description": "answers", "content": listing("responses", answer)},
                "4XX": {"$ref": "#/components/responses/error"},
                "5XX": {"$ref": "#/components/responses/error"},
            },
        }
    }


class Request:
    """A request in the form in which openapi-core reads it, as if it had been sent to Microsoft."""

    def __init__(self, method, path, query, headers, body):
        self.method = method.lower()
        self.host_url = HOST
        self.path = VERSION + path
        self.full_url_pattern = HOST + self.path
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(headers), cookie=ImmutableMultiDict()
        )
        self.content_type = header(headers, "content-type") or ""
        self.body = body or None


class Response:
    def __init__(self, status, headers, body):
        self.status_code = status
        self.headers = Headers(headers)
        self.content_type = header(headers, "content-type") or "application/json"
        self.data = body


def header(headers, name):
    return next((value for key, value in headers if key.lower() == name), None)


class Description:
    def __init__(self, folder):
        folder = Path(folder)
        self.document = corrected(json.loads((folder / "graph-subset.json").read_text("utf-8")))
        self.names = json.loads((folder / "csdl-props.json").read_text("utf-8"))["types"]
        spec = SchemaPath.from_dict(self.document)
        self.requests = V30RequestValidator(spec)
        self.responses = V30ResponseValidator(spec)
        self.templates = [(as_pattern(path), path) for path in self.document["paths"]]

    def request_problems(self, method, path, query, headers, body):
        """What is wrong with a request; `path` begins after the version."""
        request = Request(method, path, query, headers, body)
        problems = [told(error) for error in self.requests.iter_errors(request)]
        operation = self.operation(method, path)
        if operation is None:
            return problems or ["no such path or method: %s %s" % (method, path)]
        problems += self.query_problems(operation, query, headers)
        problems += self.key_read_problems(path, query)
        if method == "GET" and body:
            problems.append("a GET with a body")
        if body and method != "GET":
            problems += self.body_problems(operation, path, body)
        return problems

    def answer_problems(self, method, path, query, headers, body, status, answer_headers, answer):
        """What is wrong with an answer to a request that is itself all right."""
        if status == 204:
            return ["204 with a body"] if answer else []
        request = Request(method, path, query, headers, body)
        response = Response(status, answer_headers, answer)
        return [told(error) for error in self.responses.iter_errors(request, response)]

    def operation(self, method, path):
        fitting = [template for pattern, template in self.templates if pattern.fullmatch(path)]
        # A literal segment beats a placeholder: `/servicePrincipals/$count` is no id.
        for template in sorted(fitting, key=lambda one: one.count("{")):
            item = self.document["paths"][template]
            if method.lower() in item:
                return dict(item[method.lower()], parameters_of_path=item.get("parameters", []))
        return None

    def query_problems(self, operation, query, headers):
        known = set(QUERY_OPTIONS_ALWAYS)
        for parameter in operation.get("parameters", []):
            parameter = self.resolved(parameter)
            if parameter["in"] == "query":
                known.add(parameter["name"])
        problems = ["unknown query option %s" % name for name, _ in query if name not in known]
        names = [name for name, _ in query]
        problems += ["query option %s twice" % name for name in set(names) if names.count(name) > 1]
        if "$count" in names or "$search" in names:
            if (header(headers, "consistencylevel") or "").lower() != "eventual":
                problems.append("$count and $search need the header ConsistencyLevel: eventual")
        return problems

    def key_read_problems(self, path, query):
        """`$select=keyCredentials` without the id gives an object that cannot be told from another one."""
        select = dict(query).get("$select", "").split(",")
        if "keyCredentials" in select and "id" not in select:
            return ["keyCredentials selected without id"]
        return []

    def body_problems(self, operation, path, body):
        try:
            value = json.loads(body)
        except ValueError as error:
            return ["the body is no JSON: %s" % error]
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is None:
            return ["a body where none is taken"]
        if path == "/$batch":
            return []
        problems = []
        self.walk(value, schema, "", problems)
        if isinstance(value, dict) and "keyCredentials" in value:
            for index, entry in enumerate(value["keyCredentials"]):
                problems += ["keyCredentials[%d]: %s" % (index, why) for why in key_entry_problems(entry)]
        return problems

    def walk(self, value, schema, place, problems):
        """Properties that neither the description nor the newer list of names knows."""
        schema = self.resolved(schema)
        if isinstance(value, list):
            for index, item in enumerate(value):
                self.walk(item, schema.get("items", {}), "%s[%d]" % (place, index), problems)
        elif isinstance(value, dict):
            known = self.properties(schema)
            if not known:
                return
            for name, inner in value.items():
                if name in known:
                    self.walk(inner, known[name], "%s.%s" % (place, name), problems)
                elif "@odata." not in name:
                    problems.append("unknown property %s.%s" % (place, name))
        elif isinstance(value, str) and schema.get("format") == "byte":
            if not is_standard_base64(value):
                problems.append("%s: not standard base64" % place)

    def properties(self, schema):
        schema = self.resolved(schema)
        found = {}
        for part in schema.get("allOf", []) + schema.get("anyOf", []):
            found.update(self.properties(part))
        found.update(schema.get("properties", {}))
        named = self.names.get(schema.get("title") or "")
        if named:
            for name in named["props"]:
                found.setdefault(name, {})
        return found

    def resolved(self, node):
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].lstrip("#/").split("/"):
                target = target[part]
            node = target
        return node


def key_entry_problems(entry):
    """The two documented forms: a kept entry by its id and without its key, or a whole one by its key."""
    if not isinstance(entry, dict):
        return ["is no object"]
    if entry.get("key"):
        missing = [name for name in ("type", "usage") if not entry.get(name)]
        return ["a key without %s" % name for name in missing]
    if not entry.get("keyId"):
        return ["neither keyId nor key: the service would refuse it or lose the key"]
    if "customKeyIdentifier" not in entry:
        return ["a kept entry without its customKeyIdentifier: the service takes it for a change"]
    return []


def is_standard_base64(text):
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except (binascii.Error, ValueError):
        return False


def as_pattern(template):
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts), re.IGNORECASE)


def told(error):
    """The error in short: which rule is broken where, without the value, which may be long."""
    rules = []
    cause = error
    while cause is not None:
        for inner in getattr(cause, "schema_errors", None) or []:
            place = "/".join(map(str, inner.absolute_path)) or "the whole"
            rules.append("%s fails %s %s" % (place, inner.validator, shortened(inner.validator_value)))
        cause = cause.__cause__
    if rules:
        return "%s: %s" % (type(error).__name__, ", ".join(dict.fromkeys(rules)))
    texts = [str(error)] + ([str(error.__cause__)] if error.__cause__ else [])
    return shortened(" < ".join(dict.fromkeys(texts)), 300)


def shortened(value, length=80):
    text = " ".join(str(value).split())
    return text if len(text) <= length else text[:length] + "..."
