//! The organisation's authorisation settings: which certificate signs, which comes next.

use model::{Class, Code, Failure, FunctionSpec, Value};
use serde_json::Value as Json;

use crate::answer::{text, thumbprint};
use crate::arguments::Arguments;
use crate::function::{Answer, Function, command};
use crate::module::MODULE;

pub(crate) fn functions() -> Vec<Function> {
    vec![Function {
        spec: FunctionSpec::read(
            MODULE,
            "auth_config",
            "The authorisation settings. Thumbprints are upper-case hex; an empty text means there is none.",
        )
        .returns(
            "#{ current_thumbprint, previous_thumbprint, next_thumbprint, next_effective_date, service_name, realm }",
        ),
        command: |_| Ok(command("Get-AuthConfig", [])),
        answer: Answer::Rows(shown),
    }]
}

fn shown(_: &Arguments, rows: Vec<Json>) -> Result<Value, Failure> {
    let [row] = &rows[..] else {
        return Err(Failure::new(
            Code::ExchangeInvalid,
            Class::Invalid,
            format!("Get-AuthConfig answered with {} objects instead of one", rows.len()),
        ));
    };
    let print = |property: &str| Value::from(thumbprint(&text(row, property)));
    Ok(Value::from([
        ("current_thumbprint", print("CurrentCertificateThumbprint")),
        ("previous_thumbprint", print("PreviousCertificateThumbprint")),
        ("next_thumbprint", print("NextCertificateThumbprint")),
        ("next_effective_date", text(row, "NextCertificateEffectiveDate").into()),
        ("service_name", text(row, "ServiceName").into()),
        ("realm", text(row, "Realm").into()),
    ]))
}
