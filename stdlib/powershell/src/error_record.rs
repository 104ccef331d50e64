//! Reads an ErrorRecord as it crosses the wire.
//!
//! Source: MS-PSRP 2.2.3.15; Windows servers in recordings. Nothing is taken from the text of an error but the text.

use crate::call::ErrorRecord;
use crate::clixml::{Object, Value, bare_type};

/// A record from its value. A value that is no record (a text on the error stream) becomes one with that text only.
pub(crate) fn decode(value: &Value) -> ErrorRecord {
    let Some(object) = value.object() else {
        return ErrorRecord { message: value.shown().unwrap_or_default(), ..ErrorRecord::default() };
    };
    let exception = object.get("Exception");
    ErrorRecord {
        exception_types: exception.map(exception_types).unwrap_or_default(),
        fully_qualified_error_id: text(object, "FullyQualifiedErrorId"),
        category: object
            .get("ErrorCategory_Category")
            .and_then(Value::number)
            .and_then(|number| i32::try_from(number).ok())
            .unwrap_or_default(),
        category_reason: text(object, "ErrorCategory_Reason"),
        category_activity: text(object, "ErrorCategory_Activity"),
        category_target_name: text(object, "ErrorCategory_TargetName"),
        category_target_type: text(object, "ErrorCategory_TargetType"),
        target: text(object, "TargetObject"),
        message: message(object, exception),
    }
}

/// An error that reached us through a second remoting (a local shell whose cmdlets run on the server) is wrapped: the
/// exception itself is in a property of the wrapper.
fn exception_types(exception: &Value) -> Vec<String> {
    let inner = exception.get("SerializedRemoteException").and_then(Value::object);
    let object = inner.filter(|inner| !inner.types.is_empty()).or_else(|| exception.object());
    object
        .map(|object| object.types.iter().map(|name| bare_type(name).to_owned()).collect())
        .unwrap_or_default()
}

/// What PowerShell itself would show: the author's details, else the exception's message, else the record's own text.
fn message(record: &Object, exception: Option<&Value>) -> String {
    let of_exception = || exception.and_then(|exception| exception.get("Message")).and_then(Value::shown);
    record
        .get("ErrorDetails_Message")
        .and_then(Value::shown)
        .filter(|text| !text.is_empty())
        .or_else(of_exception)
        .or_else(|| record.text.clone())
        .or_else(|| exception.and_then(Value::shown))
        .unwrap_or_default()
}

fn text(object: &Object, name: &str) -> String {
    object.get(name).and_then(Value::shown).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clixml::{Limits, read};

    fn record(xml: &str) -> ErrorRecord {
        decode(&read(xml.as_bytes(), &Limits::default()).unwrap()[0])
    }

    #[test]
    fn a_record_of_exchange_in_german() {
        let record = record(
            "<Obj RefId='0'><TN RefId='0'><T>System.Management.Automation.ErrorRecord</T><T>System.Object</T></TN>\
             <ToString>Der Vorgang konnte nicht ausgef\u{fc}hrt werden.</ToString><MS>\
             <Obj N='Exception' RefId='1'><TN RefId='1'><T>Deserialized.Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException</T>\
             <T>Deserialized.System.Exception</T></TN><ToString>x</ToString><Props><S N='Message'>Der Vorgang konnte nicht ausgef\u{fc}hrt werden.</S></Props></Obj>\
             <Obj N='TargetObject' RefId='2'><ToString>contoso.lab/Users/x</ToString></Obj>\
             <S N='FullyQualifiedErrorId'>[Server=EX01] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1A2B,Get-MailUser</S>\
             <Nil N='InvocationInfo'/><I32 N='ErrorCategory_Category'>1001</I32><S N='ErrorCategory_Activity'>Get-MailUser</S>\
             <S N='ErrorCategory_Reason'>ManagementObjectNotFoundException</S><S N='ErrorCategory_TargetName'></S>\
             <Nil N='ErrorCategory_TargetType'/></MS></Obj>",
        );
        assert_eq!(
            record,
            ErrorRecord {
                exception_types: vec![
                    "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException".into(),
                    "System.Exception".into(),
                ],
                fully_qualified_error_id:
                    "[Server=EX01] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 1A2B,Get-MailUser".into(),
                category: 1001,
                category_reason: "ManagementObjectNotFoundException".into(),
                category_activity: "Get-MailUser".into(),
                target: "contoso.lab/Users/x".into(),
                message: "Der Vorgang konnte nicht ausgef\u{fc}hrt werden.".into(),
                ..ErrorRecord::default()
            }
        );
    }

    #[test]
    fn an_error_behind_two_remotings_keeps_its_own_types() {
        let record = record(
            "<Obj RefId='0'><MS><Obj N='Exception' RefId='1'><TN RefId='0'><T>System.Management.Automation.RemoteException</T></TN>\
             <Props><S N='Message'>wrapped</S><Obj N='SerializedRemoteException' RefId='2'><TN RefId='1'>\
             <T>Deserialized.A.Precise</T><T>Deserialized.System.Exception</T></TN><ToString>x</ToString></Obj></Props></Obj>\
             <S N='ErrorDetails_Message'>shown to people</S></MS></Obj>",
        );
        assert_eq!(record.exception_types, ["A.Precise", "System.Exception"]);
        assert_eq!(record.message, "shown to people");
    }

    #[test]
    fn a_text_is_a_record_too() {
        assert_eq!(record("<S>native words</S>").message, "native words");
        assert_eq!(record("<Nil/>"), ErrorRecord::default());
        assert_eq!(record("<Obj RefId='0'><ToString>bare</ToString></Obj>").message, "bare");
    }
}
