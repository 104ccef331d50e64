//! The OpenAPI description of the HTTP API, made from the types that travel.

use contracts::{
    DriftReport, History, ImportRequest, Imported, PlanReply, PlanRequest, RepinPlan, StartRequest, UndoPlan,
};
use model::summary::RunSummary;
use model::{Digest, RunId, Workflow};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::caller::{Access, Role};
use crate::wire::{self, Route};

/// The whole description, OpenAPI 3.1.
pub fn description() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let mut paths = Map::new();
    for route in Route::ALL {
        let operation = posted(route, &mut schemas);
        paths.entry(route.path()).or_insert_with(|| json!({}))["post"] = operation;
    }
    for view in views(&mut schemas) {
        paths.entry(view.path).or_insert_with(|| json!({}))["get"] = view.operation;
    }
    paths.insert("/healthz".into(), json!({ "get": health() }));
    let failed = schemas.subschema_for::<wire::Failed>();
    let definitions = schemas.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "footbridge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Runs of workflows: looked at, started, approved, stopped and undone. Every request but \
                            /healthz needs a token; the description of each operation names the roles it wants. \
                            What a token does is recorded under the token's name, whatever `by` says.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8413" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "responses": {
                "failure": {
                    "description": "It was not done. The failure's code and hint say why and what to do: 401 no \
                                    valid token, 403 no role for that, 404 no such run or path, 405 another method, \
                                    408 too slow, 413 too large, 415 not JSON, 421 another host's, 422 refused, 500 a \
                                    bug, 503 the tokens cannot be used.",
                    "content": { "application/json": { "schema": failed } },
                },
            },
        },
    })
}

/// What a POST route does, takes and gives.
fn posted(route: Route, schemas: &mut SchemaGenerator) -> Json {
    use Exchange as E;
    let (summary, exchange) = match route {
        Route::Plan => ("Look, and say what a run would change", E::of::<PlanRequest, PlanReply>(schemas)),
        Route::Start => ("Plan, and make a run of it", E::of::<StartRequest, RunId>(schemas)),
        Route::Resume => ("Carry a run on", E::of::<wire::OfRunBy, ()>(schemas)),
        Route::Approve => ("Approve, answer or decide", E::of::<wire::Approve, ()>(schemas)),
        Route::Pause => ("Stop at the next safe point", E::of::<wire::OfRunBy, ()>(schemas)),
        Route::Cancel => ("Stop for good; undoes nothing", E::of::<wire::OfRunBy, ()>(schemas)),
        Route::Intervene => ("Step in at one step", E::of::<wire::Intervene, ()>(schemas)),
        Route::UndoPlan => ("Look, and say what undo would do", E::of::<wire::PlanOfUndo, UndoPlan>(schemas)),
        Route::Undo => ("Take a run's changes back", E::of::<wire::Undo, ()>(schemas)),
        Route::Verify => ("Look whether the world is as left", E::of::<wire::OfRun, DriftReport>(schemas)),
        Route::Runs => ("Every run's id, newest first", E::of::<(), Vec<RunId>>(schemas)),
        Route::History => ("A run's records", E::of::<wire::HistoryFrom, History>(schemas)),
        Route::RepinPlan => {
            ("Say what going on with other code would mean", E::of::<wire::Repin, RepinPlan>(schemas))
        }
        Route::Repin => ("Go on with other code", E::of::<wire::Repin, ()>(schemas)),
        Route::Import => ("Take in a run that was exported", E::of::<ImportRequest, Imported>(schemas)),
        Route::Keep => ("Keep a file that goes with an approval", E::of::<wire::Bytes, Digest>(schemas)),
        Route::Kept => ("A kept file", E::of::<wire::OfDigest, Option<wire::Bytes>>(schemas)),
        Route::Pinned => (
            "The workflows a run is or was pinned to, by digest",
            E::of::<wire::OfRun, std::collections::BTreeMap<String, Workflow>>(schemas),
        ),
    };
    let mut operation = operation(summary, &route.path()["/v1/".len()..], route.access(), &exchange.reply);
    operation["requestBody"] =
        json!({ "required": true, "content": { "application/json": { "schema": exchange.request } } });
    operation
}

struct Exchange {
    request: Schema,
    reply: Schema,
}

impl Exchange {
    fn of<Asked: JsonSchema, Given: JsonSchema>(schemas: &mut SchemaGenerator) -> Exchange {
        Exchange { request: schemas.subschema_for::<Asked>(), reply: schemas.subschema_for::<Given>() }
    }
}

fn operation(summary: &str, id: &str, access: Access, reply: &impl Serialize) -> Json {
    let wants = match access {
        Access::Owner => "Over the local socket only; over TCP it is refused.".to_owned(),
        Access::Roles(roles) => {
            let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            format!("Wants the role {}.", names.join(" and "))
        }
    };
    json!({
        "operationId": id,
        "summary": summary,
        "description": wants,
        "responses": {
            "200": { "description": "Done.", "content": { "application/json": { "schema": reply } } },
            "default": { "$ref": "#/components/responses/failure" },
        },
    })
}

struct Viewed {
    path: &'static str,
    operation: Json,
}

fn views(schemas: &mut SchemaGenerator) -> Vec<Viewed> {
    let id = schemas.subschema_for::<RunId>();
    let summary = schemas.subschema_for::<RunSummary>();
    let history = schemas.subschema_for::<History>();
    let failure = schemas.subschema_for::<model::Failure>();
    let run = json!({ "name": "run", "in": "path", "required": true, "schema": id });
    let query = |name: &str, schema: Json| json!({ "name": name, "in": "query", "schema": schema });
    let number = || json!({ "type": "integer", "minimum": 0 });
    let view = |path, summary: &str, name: &str, reply: Json, parameters: Vec<Json>| {
        let mut operation = operation(summary, name, Access::Roles(&[Role::Read]), &reply);
        operation["parameters"] = json!(parameters);
        Viewed { path, operation }
    };
    let list = json!({
        "type": "object",
        "required": ["runs", "unreadable", "next"],
        "properties": {
            "runs": { "type": "array", "items": summary },
            "unreadable": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["run", "failure"],
                    "properties": { "run": id, "failure": failure },
                },
            },
            "next": { "oneOf": [id, { "type": "null" }], "description": "Ask for it with `before`." },
        },
    });
    vec![
        view(
            "/v1/runs",
            "Runs in brief, newest first, a page at a time",
            "list",
            list,
            vec![query("before", json!(id)), query("limit", number())],
        ),
        view("/v1/runs/{run}", "A run in brief", "summary", json!(summary), vec![run.clone()]),
        view(
            "/v1/runs/{run}/explain",
            "What a run waits for, what comes next, what you may do",
            "explain",
            json!({ "type": "object" }),
            vec![run.clone()],
        ),
        view(
            "/v1/runs/{run}/events",
            "A run's records from one on; with wait_ms it waits for news",
            "events",
            json!(history),
            vec![run, query("from", number()), query("wait_ms", number())],
        ),
        view("/v1/openapi.json", "This description", "description", json!({ "type": "object" }), Vec::new()),
    ]
}

fn health() -> Json {
    let reply =
        json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "ok" } } });
    let mut operation = operation("Whether the process answers", "health", Access::Roles(&[]), &reply);
    operation["description"] = json!("Needs no token.");
    operation["security"] = json!([]);
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_every_reference_leads_somewhere() {
        let whole = description();
        for route in Route::ALL {
            assert!(whole["paths"][route.path()]["post"]["requestBody"].is_object(), "{route:?}");
        }
        let text = whole.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().expect("a text ends");
            assert!(whole.pointer(pointer).is_some(), "{pointer} leads nowhere");
        }
        assert!(text.matches("$ref").count() > 20);
    }
}
