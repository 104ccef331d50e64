"""A client of footbridge's HTTP API that believes its OpenAPI description, and judges every answer by it.

    serve_judge.py --port N --token TOKEN

Fetches the description from the process that serves, and has it validated as OpenAPI 3.1 as a whole. Prints
`{"port": N}` once that went well. Then each line of standard input is an order, `{"method", "path", "query"?, "body"?,
"anonymous"?, "forged"?}`, and each line of standard output says what came of it: `{"status", "body", "operation",
"problems"}`. A forged answer is judged in place of the one that came.
"""

import argparse
import http.client
import json
import sys
from urllib.parse import urlencode

from openapi_core import OpenAPI, V31RequestValidator, V31ResponseValidator
from openapi_core.testing import MockRequest, MockResponse

JSON = "application/json"


class Judge:
    def __init__(self, port, token):
        self.port = port
        self.token = token
        status, _, body = self.send("GET", "/v1/openapi.json", {}, b"", {"Authorization": "Bearer " + token})
        if status != 200:
            raise SystemExit("the description was refused: %d" % status)
        self.description = json.loads(body)
        # Clients find the process where the description says; here it is elsewhere.
        self.description["servers"] = [{"url": "http://127.0.0.1:%d" % port}]
        # Validates the whole document, against the schema of OpenAPI 3.1 and beyond.
        self.openapi = OpenAPI.from_dict(self.description)

    def send(self, method, path, query, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=110)
        try:
            connection.request(method, path + ("?" + urlencode(query) if query else ""), body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type"), answer.read()
        finally:
            connection.close()

    def ask(self, order):
        method, path, query = order["method"], order["path"], order.get("query", {})
        headers = {} if order.get("anonymous") else {"Authorization": "Bearer " + self.token}
        content = b""
        if method == "POST":
            content = json.dumps(order.get("body")).encode()
            headers["Content-Type"] = JSON
        status, kind, body = self.send(method, path, query, content, headers)
        if "forged" in order:
            body = json.dumps(order["forged"]).encode()
        request = MockRequest(
            "http://127.0.0.1:%d" % self.port,
            method.lower(),
            path,
            args=query,
            headers=headers,
            data=content,
            content_type=JSON,
        )
        response = MockResponse(body, status_code=status, content_type=kind)
        problems = []
        # What is wrong with a request on purpose is for the server to say.
        if status < 400:
            problems += self.told("request", V31RequestValidator, request)
        problems += self.told("answer", V31ResponseValidator, request, response)
        return {
            "status": status,
            "body": json.loads(body),
            "operation": self.operation(method, path),
            "problems": problems,
        }

    def told(self, what, validator, *judged):
        return [
            "%s: %s" % (what, "; ".join([repr(error)] + [one.message for one in getattr(error.__cause__, "schema_errors", ())]))
            for error in validator(self.openapi.spec).iter_errors(*judged)
        ]

    def operation(self, method, path):
        parts = path.split("/")
        for template, item in self.description["paths"].items():
            names = template.split("/")
            same = all(name == part or name.startswith("{") for name, part in zip(names, parts))
            if len(names) == len(parts) and same and method.lower() in item:
                return item[method.lower()]["operationId"]
        return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    judge = Judge(arguments.port, arguments.token)
    print(json.dumps({"port": arguments.port}), flush=True)
    for line in sys.stdin:
        print(json.dumps(judge.ask(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
