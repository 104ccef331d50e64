//! Short ways to call a world and its tenant. The HTTP client is a socket and no more, so that nothing is retried.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Map, Value, json};
use sim::{CmdletError, Reply, Tenant, World, WorldSpec};
use tokio::runtime::Runtime;

pub(crate) const SKYPE: &str = "00000004-0000-0ff1-ce00-000000000000";
pub(crate) const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
pub(crate) const ACCOUNT: &str = "SfBOnline-ApplicationAccount";
pub(crate) const DC1: &str = "dc1.contoso.lab";
pub(crate) const DC2: &str = "dc2.contoso.lab";

/// A world from a `[world]` table as case files have it.
pub(crate) fn world(table: &str) -> World {
    World::new(&spec(table)).unwrap()
}

pub(crate) fn spec(table: &str) -> WorldSpec {
    toml::from_str(table).unwrap()
}

pub(crate) fn parameters(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn try_run(world: &World, cmdlet: &str, given: Value) -> Result<Reply, CmdletError> {
    world.invoke(cmdlet, &parameters(&given))
}

/// Runs a cmdlet that must work; its objects.
pub(crate) fn run(world: &World, cmdlet: &str, given: Value) -> Vec<Value> {
    try_run(world, cmdlet, given).unwrap().objects
}

/// Runs a cmdlet that must fail.
pub(crate) fn refused(world: &World, cmdlet: &str, given: Value) -> CmdletError {
    try_run(world, cmdlet, given).unwrap_err()
}

pub(crate) fn names(objects: &[Value]) -> Vec<&str> {
    objects.iter().map(|object| object["Name"].as_str().unwrap()).collect()
}

/// The account of the document, on the first controller.
pub(crate) fn new_account(world: &World) -> Value {
    let given = json!({
        "Name": ACCOUNT,
        "ExternalEmailAddress": format!("{ACCOUNT}@contoso.com"),
        "DomainController": DC1,
    });
    run(world, "New-MailUser", given).remove(0)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

pub(crate) fn fixture(name: &str) -> String {
    base64(sim::fixture_der(name).unwrap())
}

/// An answer from the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

/// A world with its tenant on a socket.
pub(crate) struct Served {
    pub(crate) world: World,
    pub(crate) tenant: Tenant,
    pub(crate) token: String,
    _runtime: Runtime,
}

impl Served {
    pub(crate) fn new(table: &str) -> Self {
        let world = world(table);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let tenant = runtime.block_on(sim::serve(world.clone(), address)).unwrap();
        let mut served = Self { world, tenant, token: String::new(), _runtime: runtime };
        served.token = served.sign_in();
        served
    }

    fn sign_in(&self) -> String {
        let form = format!(
            "grant_type=client_credentials&client_id=me&client_secret=s&scope={}/.default",
            self.tenant.graph_url()
        );
        let path = format!("/{}/oauth2/v2.0/token", self.world.spec().tenant);
        let answer = self.ask("POST", &path, &[("content-type", "application/x-www-form-urlencoded")], &form);
        answer.map_or_else(String::new, |answer| {
            answer.body["access_token"].as_str().unwrap_or_default().to_owned()
        })
    }

    /// Sends one request on a connection of its own; `None` when the connection ends without an answer.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.tenant.address()).unwrap();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.tenant.address(),
            body.len()
        );
        for (name, value) in headers {
            request.push_str(name);
            request.push_str(": ");
            request.push_str(value);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request.push_str(body);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A cut connection may show as an error or as an end: both are no answer.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Some(Answer { status, headers, body: serde_json::from_str(body).unwrap_or(Value::Null) })
    }

    /// A Graph request with our token.
    pub(crate) fn graph(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let path = format!("/v1.0{}", path.replace(' ', "%20"));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.ask(method, &path, &headers, &body.map(Value::to_string).unwrap_or_default())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.graph("GET", path, None).unwrap()
    }

    pub(crate) fn id(&self, app_id: &str) -> String {
        let answer = self.get(&format!("/servicePrincipals(appId='{app_id}')?$select=id"));
        answer.body["id"].as_str().unwrap().to_owned()
    }

    /// The key credentials with their keys.
    pub(crate) fn keys(&self, app_id: &str) -> Vec<Value> {
        let answer = self.get(&format!("/servicePrincipals(appId='{app_id}')?$select=id,keyCredentials"));
        answer.body["keyCredentials"].as_array().unwrap().clone()
    }

    pub(crate) fn patch_keys(&self, app_id: &str, keys: &Value) -> Answer {
        let path = format!("/servicePrincipals/{}", self.id(app_id));
        self.graph("PATCH", &path, Some(&json!({ "keyCredentials": keys }))).unwrap()
    }
}

/// A new entry as a first-party service principal takes it.
pub(crate) fn entry(fixture_name: &str) -> Value {
    json!({ "key": fixture(fixture_name), "type": "AsymmetricX509Cert", "usage": "Verify" })
}
