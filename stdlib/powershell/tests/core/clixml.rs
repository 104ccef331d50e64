//! CLIXML as servers write it, as they never should, and as we write it.

use footbridge_powershell::clixml::{Error, Limits, Object, Value, read, write};
use proptest::prelude::*;

fn one(document: &str) -> Value {
    let mut values =
        read(document.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {document}"));
    assert_eq!(values.len(), 1, "{document}");
    values.remove(0)
}

fn other(tag: &str, text: &str) -> Value {
    Value::Other { tag: tag.into(), text: text.into() }
}

#[test]
fn primitives() {
    for (document, expected) in [
        ("<Nil />", Value::Nil),
        ("<S>a &lt;b&gt; &amp; &#x41;&#66; &quot;&apos;</S>", "a <b> & AB \"'".into()),
        ("<S>_x000D__x000A_ _xD83D__xDE00_ <![CDATA[<x>]]></S>", "\r\n \u{1f600} <x>".into()),
        ("<S />", "".into()),
        ("<S>  kept  </S>", "  kept  ".into()),
        (
            "<G>{00000002-0000-0FF1-ce00-000000000000}</G>",
            Value::Guid("00000002-0000-0ff1-ce00-000000000000".into()),
        ),
        ("<G>9b6_x0041_1</G>", other("G", "9b6A1")),
        ("<B>true</B>", true.into()),
        ("<B>False</B>", false.into()),
        ("<B>yes</B>", other("B", "yes")),
        ("<I32>-5</I32>", Value::Int(-5)),
        ("<U64>18446744073709551615</U64>", Value::Int(u64::MAX.into())),
        ("<By>255</By>", Value::Int(255)),
        ("<I32>five</I32>", other("I32", "five")),
        ("<Db>1.5E3</Db>", Value::Float(1500.0)),
        ("<Sg>-INF</Sg>", Value::Float(f64::NEG_INFINITY)),
        (
            "<G>{00000002-0000-0FF1-CE00-000000000000}</G>",
            Value::Guid("00000002-0000-0ff1-ce00-000000000000".into()),
        ),
        ("<BA>AQI\n D</BA>", Value::Bytes(vec![1, 2, 3])),
        ("<BA>!</BA>", other("BA", "!")),
        ("<DT>2026-11-24T03:50:00.1234567+01:00</DT>", other("DT", "2026-11-24T03:50:00.1234567+01:00")),
        ("<TS>PT9.0269026S</TS>", other("TS", "PT9.0269026S")),
        ("<Version>5.1.17763.1</Version>", other("Version", "5.1.17763.1")),
        ("<C>97</C>", other("C", "97")),
        ("<Novelty>x<S>lost</S>y</Novelty>", other("Novelty", "xy")),
        ("\u{feff}<?xml version='1.0'?><!-- a comment --><I64>1</I64>", Value::Int(1)),
    ] {
        assert_eq!(one(document), expected, "{document}");
    }
}

#[test]
fn an_enum_in_any_order() {
    let expected = Value::Object(Box::new(Object {
        types: vec!["Deserialized.Kind".into(), "Deserialized.System.Enum".into()],
        text: Some("MailUser".into()),
        value: Some(Value::Int(128)),
        ..Object::default()
    }));
    let types = "<TN RefId='0'><T>Deserialized.Kind</T><T>Deserialized.System.Enum</T></TN>";
    for document in [
        format!("<Obj RefId='0'>{types}<ToString>MailUser</ToString><I32>128</I32></Obj>"),
        format!("<Obj RefId='0'><I32>128</I32>{types}<ToString>MailUser</ToString></Obj>"),
        format!("<Obj RefId='0'><ToString>MailUser</ToString><I32>128</I32>{types}</Obj>"),
    ] {
        assert_eq!(one(&document), expected);
    }
    assert_eq!(expected.shown().as_deref(), Some("MailUser"));
    assert_eq!(expected.number(), Some(128));
    assert!(expected.object().unwrap().is("System.Enum"));
}

#[test]
fn a_file_of_objects_with_references() {
    let document = "\u{feff}<Objs Version='1.1.0.1' xmlns='http://schemas.microsoft.com/powershell/2004/04'>\
        <Obj RefId='0'><TN RefId='0'><T>A</T><T>System.Object</T></TN><ToString>first</ToString>\
          <Props><S N='Na_x006D_e'>x</S><Obj N='List' RefId='1'><TN RefId='1'><T>L</T></TN><LST><S>1</S><Ref RefId='2'/></LST></Obj></Props>\
          <MS><Obj N='Held' RefId='2'><Props><I32 N='n'>1</I32></Props></Obj></MS></Obj>\
        <Obj RefId='3'><TNRef RefId='0'/><MS><Ref N='again' RefId='2'/><Ref N='own' RefId='3'/><Ref N='none' RefId='99'/></MS></Obj>\
        </Objs>";
    let values = read(document.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(values.len(), 2);
    assert_eq!(values[0].get("name"), Some(&"x".into()));
    assert_eq!(
        values[0].get("list"),
        Some(&Value::List(vec!["1".into(), other("Ref", "2")])),
        "it comes later"
    );
    assert_eq!(values[1].object().unwrap().types, ["A", "System.Object"]);
    assert_eq!(values[1].get("again"), values[0].get("Held"));
    assert_eq!(values[1].get("own"), Some(&other("Ref", "3")), "no object holds itself");
    assert_eq!(values[1].get("none"), Some(&other("Ref", "99")));
}

#[test]
fn dictionaries_and_collections() {
    let document = "<Obj RefId='0'><TN RefId='0'><T>System.Collections.Hashtable</T></TN><DCT>\
        <En><S N='Key'>a</S><Obj N='Value' RefId='1'><TN RefId='1'><T>Q</T></TN><QUE><I32>1</I32></QUE></Obj></En>\
        <En><I32 N='Key'>2</I32><Nil N='Value'/></En></DCT></Obj>";
    assert_eq!(
        one(document),
        Value::Dictionary(vec![("a".into(), Value::List(vec![1.into()])), (2.into(), Value::Nil)]),
    );
    let wrapped = one("<Obj RefId='0'><S>text</S><MS><S N='PSComputerName'>ex01</S></MS></Obj>");
    assert_eq!(wrapped.shown().as_deref(), Some("text"));
    assert_eq!(wrapped.get("pscomputername"), Some(&"ex01".into()));
}

#[test]
fn what_is_no_document_of_ours() {
    let limits =
        Limits { depth_max: 20, elements_max: 500, items_max: 100, text_bytes_max: 50, ..Limits::default() };
    let long = format!("<S>{}</S>", "x".repeat(51));
    let pieces = format!("<S>{}</S>", "x&amp;".repeat(26));
    let deep = "<Obj><LST>".repeat(200_000);
    let many = format!("<LST>{}</LST>", "<Nil/>".repeat(101));
    let names = format!("<Obj><MS>{}</MS></Obj>", "<Nil N='a'/>".repeat(101));
    for (document, expected) in [
        ("<!DOCTYPE x [<!ENTITY a 'aaaa'>]><S>&a;</S>", "document type"),
        ("<S>&unknown;</S>", "unknown entity `unknown`"),
        ("<S>&#xD800;</S>", "malformed"),
        ("<Obj><MS>", "ends inside `MS`"),
        ("<S>a</B>", "malformed"),
        ("<S", "malformed"),
        ("</S>", "malformed"),
        (&long, "50 bytes of one string"),
        (&pieces, "50 bytes of one string"),
        (&deep, "20 elements inside one another"),
        (&many, "100 entries of one list"),
        (&names, "100 entries of one list"),
    ] {
        let error = read(document.as_bytes(), &limits).expect_err(&document[..document.len().min(80)]);
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(read(b"<S>\xff</S>", &limits), Err(Error::Encoding { at: 3 }));
    let tiny = Limits { document_bytes_max: 3, ..limits };
    assert!(matches!(read(b"<S />", &tiny), Err(Error::Limit { max: 3, .. })));
}

#[test]
fn references_unfold_within_the_budget() {
    // Each object holds the one before it twice: 2 to the 60th values, were they followed.
    let mut document = String::from("<Objs><Obj RefId='0'><LST><S>x</S></LST></Obj>");
    for number in 1..60 {
        let before = number - 1;
        document.push_str(&format!(
            "<Obj RefId='{number}'><LST><Ref RefId='{before}'/><Ref RefId='{before}'/></LST></Obj>"
        ));
    }
    document.push_str("</Objs>");
    let error = read(document.as_bytes(), &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Limit { .. }), "{error}");

    // The same for types, which can be long.
    let names = format!("<T>{}</T>", "n".repeat(10_000)).repeat(100);
    let document = format!(
        "<Objs><Obj><TN RefId='0'>{names}</TN></Obj>{}</Objs>",
        "<Obj><TNRef RefId='0'/></Obj>".repeat(1000),
    );
    assert!(matches!(
        read(document.as_bytes(), &Limits::default()),
        Err(Error::Limit { what: "bytes kept", .. })
    ));

    // A chain in which every object holds the one before it grows in depth, not in width.
    let mut document = String::from("<Objs><Obj RefId='0'><LST/></Obj>");
    for number in 1..300 {
        document.push_str(&format!("<Obj RefId='{number}'><LST><Ref RefId='{}'/></LST></Obj>", number - 1));
    }
    document.push_str("</Objs>");
    assert_eq!(
        read(document.as_bytes(), &Limits::default()),
        Err(Error::Limit { what: "elements inside one another", max: 128 }),
    );
}

#[test]
fn what_cannot_be_written() {
    assert!(write(&Value::Int(i128::MAX)).is_err());
    assert!(write(&other("S><B", "x")).is_err());
    assert!(write(&other("", "x")).is_err());
    let deep = (0..60).fold(Value::Nil, |inner, _| Value::List(vec![inner]));
    assert!(write(&deep).is_err());
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}",
        prop::collection::vec(
            prop_oneof![
                Just("_x".to_owned()),
                Just("_x000A_".to_owned()),
                Just("\0\u{85}\u{1f600}".to_owned()),
                "[_xX0-9A-F<&>\\r\\n]{0,6}"
            ],
            0..5,
        )
        .prop_map(|parts| parts.concat()),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).prop_map(Value::Int),
        (-1e9f64..1e9).prop_map(Value::Float),
        any_text().prop_map(Value::Text),
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}".prop_map(Value::Guid),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        any_text().prop_map(|text| other("URI", &text)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let named = prop::collection::vec((any_text(), inner.clone()), 1..4).boxed();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
            prop::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::Dictionary),
            (
                prop::collection::vec("[A-Za-z.]{1,12}", 0..3),
                prop::option::of(any_text()),
                named.clone(),
                named
            )
                .prop_map(|(types, text, properties, members)| Value::Object(Box::new(Object {
                    types,
                    text,
                    value: None,
                    properties,
                    members
                }))),
            any_text().prop_map(|text| Value::Object(Box::new(Object {
                types: vec!["K".into(), "System.Enum".into()],
                text: Some(text),
                value: Some(Value::Int(3)),
                ..Object::default()
            }))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let document = write(&value).unwrap();
        prop_assert_eq!(read(document.as_bytes(), &Limits::default()).unwrap(), vec![value]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(document in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&document, &Limits::default());
    }

    #[test]
    fn nearly_right_documents_are_read_or_refused(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "<Obj RefId='0'>", "<Obj RefId='1' N='x'>", "</Obj>", "<LST>", "</LST>", "<MS>", "</MS>", "<Props>", "</Props>",
                "<DCT>", "</DCT>", "<En>", "</En>", "<S N='Key'>", "</S>", "<Ref RefId='0'/>", "<Ref RefId='1'/>", "<TN RefId='0'>",
                "</TN>", "<T>", "</T>", "<TNRef RefId='0'/>", "<I32>", "7", "</I32>", "_xD83D_", "&lt;", "&#0;", "<Objs>", "</Objs>",
                "<![CDATA[", "]]>", "<!--", "-->", "<BA>A", "</BA>", "<ToString>", "</ToString>",
            ]),
            0..60,
        ),
    ) {
        let document = parts.concat();
        let limits = Limits { elements_max: 40, kept_bytes_max: 2000, depth_max: 8, ..Limits::default() };
        let _ = read(document.as_bytes(), &limits);
    }

    #[test]
    fn a_document_cut_anywhere_is_refused(value in any_value(), at in 0.0f64..1.0) {
        let document = write(&value).unwrap();
        let cut = document.floor_char_boundary(((document.len() as f64) * at) as usize);
        let read = read(&document.as_bytes()[..cut], &Limits::default());
        prop_assert!(read.is_err() || read == Ok(Vec::new()));
    }
}
