//! Whatever a server says: it is read or refused, and never breaks the reader.

use footbridge_powershell::wsman::{Body, FaultKind, parse};
use proptest::prelude::*;

const TAGS: &[&str] = &[
    "<s:Envelope>",
    "</s:Envelope>",
    "<s:Header>",
    "</s:Header>",
    "<s:Body>",
    "</s:Body>",
    "<s:Fault>",
    "</s:Fault>",
    "<s:Code>",
    "</s:Code>",
    "<s:Value>w:TimedOut</s:Value>",
    "<s:Detail>",
    "</s:Detail>",
    "<f:WSManFault Code='5' Machine='x'>",
    "</f:WSManFault>",
    "<f:Message>",
    "</f:Message>",
    "<r:ReceiveResponse>",
    "</r:ReceiveResponse>",
    "<r:Stream Name='stdout' CommandId='1'>QUI=</r:Stream>",
    "<r:Stream/>",
    "<r:CommandState State='x/Done'/>",
    "<x:ResourceCreated>",
    "</x:ResourceCreated>",
    "<a:RelatesTo>uuid:1</a:RelatesTo>",
    "&amp;",
    "&#x0;",
    "&lt",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "?>",
    "<!DOCTYPE a>",
    "\u{feff}",
    "text",
    " ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_order_of_the_right_words_is_read_or_refused(words in proptest::collection::vec(proptest::sample::select(TAGS), 0..40)) {
        let _ = parse(words.concat().as_bytes());
    }

    #[test]
    fn any_fault_has_a_kind_and_a_line(code in "\\PC{0,12}", subcode in "\\PC{0,20}", message in "\\PC{0,200}") {
        let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
        let text = format!(
            "<s:Envelope xmlns:s='s'><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{}</s:Value>\
             </s:Subcode></s:Code><s:Reason><s:Text>{}</s:Text></s:Reason><s:Detail><f:WSManFault xmlns:f='f' Code='{}'/>\
             </s:Detail></s:Fault></s:Body></s:Envelope>",
            escaped(&subcode), escaped(&message), escaped(&code),
        );
        let answer = parse(text.as_bytes()).expect("it is well-formed");
        let Body::Fault(fault) = answer.body else { panic!("{:?}", answer.body) };
        prop_assert!(!fault.line().is_empty());
        prop_assert!(!fault.message.chars().any(char::is_control));
        if let Ok(number) = code.trim().parse::<u32>() {
            prop_assert_eq!(fault.code, Some(number));
        }
        prop_assert!(!(fault.kind() == FaultKind::TimedOut && fault.code.is_none() && !subcode.contains("TimedOut")));
    }

    #[test]
    fn a_recording_that_is_cut_or_changed_is_read_or_refused(cut in 0_usize..900, at in 0_usize..900, with in any::<u8>()) {
        let whole = b"<?xml version='1.0'?><s:Envelope xmlns:s='s' xmlns:r='r' xmlns:a='a'><s:Header><a:RelatesTo>\
            uuid:17f850f9-52aa-477f-b6ee-868c72e7ab70</a:RelatesTo></s:Header><s:Body><r:ReceiveResponse>\
            <r:Stream Name='stdout' CommandId='17F850F9-52AA-477F-B6EE-868C72E7AB70'>QUJDREVGRw==</r:Stream>\
            <r:CommandState CommandId='17F850F9-52AA-477F-B6EE-868C72E7AB70' State='http://x/CommandState/Done'>\
            <r:ExitCode>0</r:ExitCode></r:CommandState></r:ReceiveResponse></s:Body></s:Envelope>";
        prop_assert!(parse(whole).is_ok());
        let cut = cut.min(whole.len());
        prop_assert!(cut == whole.len() || parse(&whole[..cut]).is_err());
        let mut changed = whole.to_vec();
        let at = at.min(changed.len() - 1);
        changed[at] = with;
        let _ = parse(&changed);
    }
}
