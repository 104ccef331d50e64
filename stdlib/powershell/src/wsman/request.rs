//! Requests: the SOAP envelopes that we send.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use quick_xml::escape::escape;
use uuid::Uuid;

use super::names;

/// The version of PowerShell's remoting protocol that is asked for. Servers since 2012 know it.
const PROTOCOL_VERSION: &str = "2.3";

/// The largest envelope, ours or theirs, in bytes: the limit of the oldest servers; newer ones allow 500 KiB.
const ENVELOPE_MAX: usize = 150 * 1024;

/// Room for everything of an envelope that is not payload.
const FRAME_MAX: usize = 8 * 1024;

/// One request, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub message_id: Uuid,
    pub text: String,
}

/// What a signal is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// Ask a running pipeline to stop.
    Stop,
    /// Free what is kept for a pipeline that has ended.
    Terminate,
}

/// Writes the requests of one session.
#[derive(Clone, Debug)]
pub struct Requests {
    /// The address itself, as the header `To`.
    pub address: String,
    /// The resource URI of the session configuration.
    pub configuration: String,
    /// Groups what one client does.
    pub session: Uuid,
    /// What the answer to Create says that the shell is addressed with; empty before.
    pub selectors: Vec<(String, String)>,
}

impl Requests {
    /// The most bytes that one request can carry.
    pub const fn payload_max() -> usize {
        (ENVELOPE_MAX - FRAME_MAX) / 4 * 3
    }

    /// Opens a shell. `opening` is the pool's first fragments.
    pub fn create(&self, shell: Uuid, opening: &[u8], timeout: Duration) -> Request {
        let body = format!(
            "<rsp:Shell ShellId=\"{}\"><rsp:InputStreams>stdin pr</rsp:InputStreams>\
             <rsp:OutputStreams>stdout</rsp:OutputStreams>\
             <creationXml xmlns=\"{}\">{}</creationXml></rsp:Shell>",
            upper(shell),
            names::POWERSHELL,
            BASE64.encode(opening)
        );
        let options = [("protocolversion", PROTOCOL_VERSION, " MustComply=\"true\"")];
        // A shell that is being made has no selectors yet.
        let unaddressed = Requests { selectors: Vec::new(), ..self.clone() };
        unaddressed.envelope(names::CREATE, &options, &body, timeout)
    }

    /// Begins a pipeline with its first fragment.
    pub fn command(&self, pipeline: Uuid, fragment: &[u8], timeout: Duration) -> Request {
        let body = format!(
            "<rsp:CommandLine CommandId=\"{}\"><rsp:Command/><rsp:Arguments>{}</rsp:Arguments></rsp:CommandLine>",
            upper(pipeline),
            BASE64.encode(fragment)
        );
        self.envelope(names::COMMAND, &[("WINRS_SKIP_CMD_SHELL", "FALSE", "")], &body, timeout)
    }

    /// More of a message, for a pipeline or for the pool.
    pub fn send(&self, pipeline: Option<Uuid>, fragment: &[u8], timeout: Duration) -> Request {
        let body = format!(
            "<rsp:Send><rsp:Stream Name=\"stdin\"{}>{}</rsp:Stream></rsp:Send>",
            command_id(pipeline),
            BASE64.encode(fragment)
        );
        self.envelope(names::SEND, &[], &body, timeout)
    }

    /// Asks for output. The server answers when there is some, or after `timeout` that there is none yet.
    pub fn receive(&self, pipeline: Option<Uuid>, timeout: Duration) -> Request {
        let body = format!(
            "<rsp:Receive><rsp:DesiredStream{}>stdout</rsp:DesiredStream></rsp:Receive>",
            command_id(pipeline)
        );
        self.envelope(names::RECEIVE, &[("WSMAN_CMDSHELL_OPTION_KEEPALIVE", "TRUE", "")], &body, timeout)
    }

    pub fn signal(&self, pipeline: Uuid, signal: StopSignal, timeout: Duration) -> Request {
        let code = match signal {
            StopSignal::Stop => names::STOP,
            StopSignal::Terminate => names::TERMINATE,
        };
        let body =
            format!("<rsp:Signal CommandId=\"{}\"><rsp:Code>{code}</rsp:Code></rsp:Signal>", upper(pipeline));
        self.envelope(names::SIGNAL, &[], &body, timeout)
    }

    /// Closes the shell and everything in it.
    pub fn delete(&self, timeout: Duration) -> Request {
        self.envelope(names::DELETE, &[], "", timeout)
    }

    fn envelope(
        &self,
        action: &str,
        options: &[(&str, &str, &str)],
        body: &str,
        timeout: Duration,
    ) -> Request {
        let message_id = Uuid::new_v4();
        let text = format!(
            "<s:Envelope xmlns:s=\"{soap}\" xmlns:wsa=\"{addressing}\" xmlns:wsman=\"{wsman}\" xmlns:wsmv=\"{wsmv}\" \
             xmlns:rsp=\"{shell}\"><s:Header>\
             <wsa:Action s:mustUnderstand=\"true\">{action}</wsa:Action>\
             <wsmv:DataLocale s:mustUnderstand=\"false\" xml:lang=\"en-US\"/>\
             <wsman:Locale s:mustUnderstand=\"false\" xml:lang=\"en-US\"/>\
             <wsman:MaxEnvelopeSize s:mustUnderstand=\"true\">{ENVELOPE_MAX}</wsman:MaxEnvelopeSize>\
             <wsa:MessageID>uuid:{message}</wsa:MessageID>\
             <wsman:OperationTimeout>PT{timeout:.3}S</wsman:OperationTimeout>\
             <wsa:ReplyTo><wsa:Address s:mustUnderstand=\"true\">{anonymous}</wsa:Address></wsa:ReplyTo>\
             <wsman:ResourceURI s:mustUnderstand=\"true\">{configuration}</wsman:ResourceURI>\
             <wsmv:SessionId s:mustUnderstand=\"false\">uuid:{session}</wsmv:SessionId>\
             <wsa:To>{to}</wsa:To>{options}{selectors}</s:Header><s:Body>{body}</s:Body></s:Envelope>",
            soap = names::SOAP,
            addressing = names::ADDRESSING,
            wsman = names::WSMAN,
            wsmv = names::WSMV,
            shell = names::SHELL,
            message = upper(message_id),
            timeout = timeout.as_secs_f64(),
            anonymous = names::ANONYMOUS,
            configuration = escape(&self.configuration),
            session = upper(self.session),
            to = escape(&self.address),
            options = option_set(options),
            selectors = selector_set(&self.selectors),
        );
        Request { message_id, text }
    }
}

fn option_set(options: &[(&str, &str, &str)]) -> String {
    if options.is_empty() {
        return String::new();
    }
    let mut each = String::new();
    for (name, value, more) in options {
        each += &format!("<wsman:Option Name=\"{name}\"{more}>{value}</wsman:Option>");
    }
    format!("<wsman:OptionSet s:mustUnderstand=\"true\">{each}</wsman:OptionSet>")
}

fn selector_set(selectors: &[(String, String)]) -> String {
    if selectors.is_empty() {
        return String::new();
    }
    let mut each = String::new();
    for (name, value) in selectors {
        each += &format!("<wsman:Selector Name=\"{}\">{}</wsman:Selector>", escape(name), escape(value));
    }
    format!("<wsman:SelectorSet>{each}</wsman:SelectorSet>")
}

fn command_id(pipeline: Option<Uuid>) -> String {
    pipeline.map(|id| format!(" CommandId=\"{}\"", upper(id))).unwrap_or_default()
}

/// Ids are compared by their letters on some servers, and Windows writes them in capitals.
fn upper(id: Uuid) -> String {
    id.hyphenated().to_string().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wsman::element::parse;

    fn requests() -> Requests {
        Requests {
            address: "https://ex01.contoso.com/PowerShell/?a=1&b=2".into(),
            configuration: crate::EXCHANGE_CONFIGURATION.into(),
            session: Uuid::from_u128(7),
            selectors: vec![("ShellId".into(), "A<B".into())],
        }
    }

    #[test]
    fn every_request_is_well_formed_and_within_the_limit() {
        let requests = requests();
        let full = vec![0xff; Requests::payload_max()];
        let (id, second) = (Uuid::from_u128(1), Duration::from_secs(1));
        for request in [
            requests.create(id, &full, second),
            requests.command(id, &full, second),
            requests.send(Some(id), &full, second),
            requests.send(None, b"", second),
            requests.receive(None, Duration::from_millis(1500)),
            requests.receive(Some(id), second),
            requests.signal(id, StopSignal::Stop, second),
            requests.signal(id, StopSignal::Terminate, second),
            requests.delete(second),
        ] {
            let root =
                parse(request.text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", request.text));
            assert_eq!(root.name, "Envelope");
            let message = root.find(&["Header", "MessageID"]).unwrap().text.clone();
            assert!(message.eq_ignore_ascii_case(&format!("uuid:{}", request.message_id)), "{message}");
            assert!(request.text.len() <= ENVELOPE_MAX, "{}", request.text.len());
        }
        assert!(requests.receive(None, Duration::from_millis(1500)).text.contains("PT1.500S"));
    }

    #[test]
    fn a_shell_is_created_without_selectors_and_addressed_with_the_given_ones() {
        let requests = requests();
        let create = requests.create(Uuid::from_u128(1), b"opening", Duration::from_secs(20)).text;
        assert!(!create.contains("Selector"), "{create}");
        let root = parse(create.as_bytes()).unwrap();
        let shell = root.find(&["Body", "Shell"]).unwrap();
        assert_eq!(shell.attribute("ShellId"), Some("00000000-0000-0000-0000-000000000001"));
        assert_eq!(shell.find(&["creationXml"]).unwrap().text, "b3BlbmluZw==");
        let delete = requests.delete(Duration::from_secs(20)).text;
        assert!(delete.contains("<wsman:Selector Name=\"ShellId\">A&lt;B</wsman:Selector>"), "{delete}");
        assert!(delete.contains("a=1&amp;b=2"), "{delete}");
    }

    #[test]
    fn the_stop_signal_keeps_its_spelling() {
        let text = requests().signal(Uuid::from_u128(1), StopSignal::Stop, Duration::from_secs(1)).text;
        assert!(text.contains("<rsp:Code>powershell/signal/crtl_c</rsp:Code>"), "{text}");
    }
}
