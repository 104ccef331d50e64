//! Faults: what a server refused or could not do, told by numbers and names, never by a text in somebody's language.

use super::element::Element;
use crate::clixml::plain;

/// A SOAP fault with what Windows adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The number in `WSManFault`: of WS-Management (2150858752 and up) or of Windows.
    pub code: Option<u32>,
    /// `InvalidSelectors`, `QuotaLimit`, …: the local name.
    pub subcode: String,
    /// True when the server says that the fault is on its side (`Receiver`), where work may have begun.
    pub receiver: bool,
    /// In the language of the server; only for showing.
    pub message: String,
    /// The plug-in that faulted, where it was one.
    pub provider: String,
    /// Exchange's own machine-readable word in its messages, such as `AuthZ-AuthorizationException`.
    pub failure_category: String,
}

/// What a fault means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing came within the operation's time: ask again.
    TimedOut,
    /// The shell, or the pipeline in it, is no longer there.
    Gone,
    /// Too many shells, operations or users.
    Quota,
    Denied,
    /// The credentials themselves are not accepted.
    SignIn,
    /// No such session configuration, or none for this account.
    NoConfiguration,
    /// An envelope beyond a limit of the server.
    TooLarge,
    /// Another server is to be asked.
    Redirected,
    /// The service is starting or overloaded.
    Busy,
    /// Begun, perhaps, and given up: the service or the shell is going down.
    Aborted,
    Other,
}

// The numbers are those of wsmerror.h and winerror.h; the recordings of Windows servers confirm 2150858793 and 2150858843.
const TIMED_OUT: &[u32] = &[2_150_858_793];
const GONE: &[u32] = &[
    2_150_858_752, // resource not found
    2_150_858_813, // invalid selectors
    2_150_858_843, // unexpected selectors: what Windows says of a shell that is gone
    2_150_858_904, // session already closed
    2_150_859_082, // shell already closed
    2_150_859_084, // invalid shell handle
    2_150_859_085, // invalid command handle
    2_150_859_087, // command already closed
];
/// Given up in the middle; how far it came is not said.
const ABORTED: &[u32] = &[
    2_150_859_212, // command terminated
    995,           // operation aborted
    2_147_943_395, // the same as an HRESULT
    1115,          // shutdown in progress
    2_147_943_515, // the same as an HRESULT
];
const QUOTA: &[u32] = &[
    2_150_858_815, // quota limit
    2_150_859_173, // shells of a user
    2_150_859_174, // operations of a user
    2_150_859_175, // load of a user
    2_150_859_176, // load of the system
    2_150_859_179, // users with shells
    2_150_859_236,
    2_150_859_237,
    2_150_859_238,
    2_150_859_239,
    2_150_859_240,
    2_150_859_241,
    2_150_859_242,
];
const DENIED: &[u32] = &[
    5,             // access denied
    2_147_942_405, // the same as an HRESULT
    2_150_859_177, // another account's shell
    2_150_859_180, // remote shells are not allowed
    2_150_859_229, // remote access is disabled
    2_150_859_235, // remote connections are not allowed
];
const SIGN_IN: &[u32] = &[
    1326,          // logon failure
    2_147_943_726, // the same as an HRESULT
    2_150_858_806, // failed authentication
];
const NO_CONFIGURATION: &[u32] = &[2_150_858_754, 2_150_858_811];
const TOO_LARGE: &[u32] = &[2_150_858_790, 2_150_858_805, 2_150_858_823, 2_150_858_824, 2_150_858_825];
const REDIRECTED: &[u32] = &[2_150_858_814, 2_150_859_161, 2_150_859_178];
const BUSY: &[u32] = &[
    2_150_858_772, // endpoint unavailable
    2_150_858_802, // concurrency
];

impl Fault {
    pub fn kind(&self) -> FaultKind {
        // unconfirmed: that Exchange's front end says AuthZ- in the message of whatever it denies before a cmdlet runs.
        // The number is asked first.
        self.by_code().or_else(|| self.by_subcode()).unwrap_or_else(|| {
            if self.failure_category.starts_with("AuthZ-") { FaultKind::Denied } else { FaultKind::Other }
        })
    }

    fn by_code(&self) -> Option<FaultKind> {
        let code = self.code?;
        [
            (TIMED_OUT, FaultKind::TimedOut),
            (GONE, FaultKind::Gone),
            (QUOTA, FaultKind::Quota),
            (DENIED, FaultKind::Denied),
            (SIGN_IN, FaultKind::SignIn),
            (NO_CONFIGURATION, FaultKind::NoConfiguration),
            (TOO_LARGE, FaultKind::TooLarge),
            (REDIRECTED, FaultKind::Redirected),
            (BUSY, FaultKind::Busy),
            (ABORTED, FaultKind::Aborted),
        ]
        .into_iter()
        .find(|(codes, _)| codes.contains(&code))
        .map(|(_, kind)| kind)
    }

    fn by_subcode(&self) -> Option<FaultKind> {
        Some(match self.subcode.as_str() {
            "TimedOut" => FaultKind::TimedOut,
            "InvalidSelectors" => FaultKind::Gone,
            "QuotaLimit" => FaultKind::Quota,
            "AccessDenied" => FaultKind::Denied,
            "DestinationUnreachable" => FaultKind::NoConfiguration,
            "EncodingLimit" => FaultKind::TooLarge,
            "EndpointUnavailable" | "Concurrency" => FaultKind::Busy,
            _ => return None,
        })
    }

    /// One line for a person: the number, the name, and what the server said.
    pub fn line(&self) -> String {
        let number = self.code.map(|code| format!(" {code}")).unwrap_or_default();
        let name = if self.subcode.is_empty() { String::new() } else { format!(" ({})", self.subcode) };
        let text = if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        plain(&format!("fault{number}{name}{text}"), 1000)
    }
}

/// Reads `s:Fault`. Whatever is missing stays empty: a fault is a refusal also when it is badly made.
pub(super) fn read(fault: &Element) -> Fault {
    let code = fault.child("Code");
    let innermost = code.and_then(|code| code.child("Subcode"));
    let wsman = fault.find(&["Detail", "WSManFault"]);
    let detail = wsman.and_then(|wsman| wsman.child("Message"));
    let provider = detail.and_then(|message| message.child("ProviderFault"));
    let message = [detail, fault.find(&["Reason", "Text"])]
        .into_iter()
        .flatten()
        .map(Element::all_text)
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    Fault {
        code: wsman.and_then(|wsman| number(wsman.attribute("Code")?)),
        subcode: innermost
            .and_then(|subcode| subcode.child("Value"))
            .map(|value| local(&value.text))
            .unwrap_or_default(),
        receiver: code
            .and_then(|code| code.child("Value"))
            .is_none_or(|value| local(&value.text) != "Sender"),
        failure_category: failure_category(&message),
        provider: provider.and_then(|provider| provider.attribute("provider")).unwrap_or_default().to_owned(),
        message: clean(&message),
    }
}

/// Windows writes these numbers without a sign, others with one.
fn number(text: &str) -> Option<u32> {
    let value: i64 = text.trim().parse().ok()?;
    u32::try_from(value).ok().or_else(|| i32::try_from(value).ok().map(i32::cast_unsigned))
}

fn local(text: &str) -> String {
    text.trim().rsplit(':').next().unwrap_or_default().to_owned()
}

/// `[FailureCategory=…]`, which Exchange puts before its localised text.
fn failure_category(message: &str) -> String {
    let Some((_, rest)) = message.split_once("[FailureCategory=") else { return String::new() };
    let Some((category, _)) = rest.split_once(']') else { return String::new() };
    category
        .chars()
        .filter(|one| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.'))
        .take(120)
        .collect()
}

/// Short and without control characters, since it is shown.
fn clean(message: &str) -> String {
    const SHOWN_MAX: usize = 600;
    let mut text: String = message.chars().filter(|one| !one.is_control()).take(SHOWN_MAX + 1).collect();
    if text.chars().count() > SHOWN_MAX {
        text.pop();
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::{Body, parse};

    fn fault(code: &str, subcode: &str, detail: &str) -> Fault {
        let text = format!(
            "<s:Envelope xmlns:s='s' xmlns:w='w' xmlns:f='f'><s:Body><s:Fault><s:Code><s:Value>{code}</s:Value><s:Subcode>\
             <s:Value>{subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang='de-DE'>Zugriff verweigert</s:Text>\
             </s:Reason><s:Detail>{detail}</s:Detail></s:Fault></s:Body></s:Envelope>"
        );
        match parse(text.as_bytes()).unwrap().body {
            Body::Fault(fault) => fault,
            other => panic!("{other:?}"),
        }
    }

    fn wsman(code: &str) -> String {
        format!(
            "<f:WSManFault Code='{code}' Machine='x'><f:Message>Das ging nicht.</f:Message></f:WSManFault>"
        )
    }

    #[test]
    fn faults_are_told_by_number_then_by_name_in_any_language() {
        for (code, subcode, kind) in [
            ("2150858793", "w:TimedOut", FaultKind::TimedOut),
            ("-2144108503", "w:Odd", FaultKind::TimedOut),
            ("2150858843", "w:InvalidSelectors", FaultKind::Gone),
            ("2150859173", "w:QuotaLimit", FaultKind::Quota),
            ("5", "w:AccessDenied", FaultKind::Denied),
            ("2150858811", "a:DestinationUnreachable", FaultKind::NoConfiguration),
            ("2150858805", "w:EncodingLimit", FaultKind::TooLarge),
            ("2150859161", "w:Odd", FaultKind::Redirected),
            ("995", "w:InternalError", FaultKind::Aborted),
            ("999999", "wsman:QuotaLimit", FaultKind::Quota),
            ("999999", "w:InternalError", FaultKind::Other),
            ("no number", "w:AccessDenied", FaultKind::Denied),
        ] {
            assert_eq!(fault("s:Sender", subcode, &wsman(code)).kind(), kind, "{code} {subcode}");
        }
    }

    #[test]
    fn what_is_missing_stays_empty_and_counts_as_the_servers_side() {
        let bare = fault("s:Sender", "w:AccessDenied", "");
        assert_eq!((bare.code, bare.message.as_str(), bare.receiver), (None, "Zugriff verweigert", false));
        assert!(fault("s:Receiver", "w:InternalError", "").receiver);
        assert!(fault("", "", "").receiver);
        assert_eq!(fault("", "", "").line(), "fault: Zugriff verweigert");
    }

    #[test]
    fn a_plug_ins_words_are_kept_with_exchanges_category() {
        let fault = fault(
            "s:Receiver",
            "w:InternalError",
            "<f:WSManFault Code='2150858819'><f:Message><f:ProviderFault provider='Microsoft.Exchange' path='x'>\
             [Server=EX01,RequestId=1] [FailureCategory=AuthZ-AuthorizationException] Nein\n &#x1b;[31m</f:ProviderFault>\
             </f:Message></f:WSManFault>",
        );
        assert_eq!(fault.provider, "Microsoft.Exchange");
        assert_eq!(fault.failure_category, "AuthZ-AuthorizationException");
        assert_eq!(fault.kind(), FaultKind::Denied);
        assert!(!fault.message.contains('\u{1b}'), "{}", fault.message);
    }
}
