//! The declarations of parameters: `[params.NAME]`.

use std::ops::Range;

use model::{Code, Kind, Param};
use toml::Spanned;
use toml::de::DeValue;

use crate::document::in_file_order;
use crate::keywords::{FIT, unfit};
use crate::nearest::suggestion;
use crate::walk::{Section, Walk, to_value};

pub(crate) const KINDS: [&str; 11] =
    ["string", "int", "bool", "duration", "domain", "fqdn", "guid", "smtp", "secret", "list", "enum"];
const KEYS: [&str; 7] = ["type", "of", "values", "required", "default", "help", "length_max"];

/// All parameters in the order of the file.
pub(crate) fn read_params<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>) -> Vec<Param> {
    let mut params = Vec::new();
    for (key, value) in in_file_order(section.table) {
        let name = key.get_ref().as_ref();
        if let Some(why) = unfit(name) {
            walk.wrong(&key.span(), why, FIT);
        }
        params.push(read_param(walk, name, &key.span(), value));
    }
    params
}

/// Always gives a parameter, so that what reads it is not reported too; a finding says what is wrong with it.
fn read_param<'t>(
    walk: &mut Walk<'_, 't>,
    name: &str,
    at: &Range<usize>,
    value: &Spanned<DeValue<'t>>,
) -> Param {
    let mut param = Param {
        name: name.to_owned(),
        kind: Kind::Any,
        required: false,
        default: None,
        help: String::new(),
        length_max: None,
    };
    let title = format!("[params.{name}]");
    let Some(section) = walk.table(&title, at, value) else { return param };
    walk.known_keys(section, &KEYS);
    param.required = walk.flag(section, "required").unwrap_or(false);
    param.help = walk.text(section, "help").map(|help| help.text).unwrap_or_default();
    let kind = read_kind(walk, section, &KINDS);
    param.length_max = walk.count(section, "length_max").map(|length| length as usize);
    if let Some(kind) = kind {
        param.kind = kind;
        refuse_length_of_no_text(walk, section, &param);
        read_default(walk, section, &mut param);
    }
    param
}

/// What `type`, `of` and `values` say; `types` are the words that count here.
pub(crate) fn read_kind<'t>(
    walk: &mut Walk<'_, 't>,
    section: Section<'_, 't>,
    types: &[&'static str],
) -> Option<Kind> {
    let word = walk.required(section, "type", "say what it holds, for example type = \"domain\"")?;
    let item = match section.table.get_key_value("of") {
        Some((key, _)) if word.text != "list" => {
            walk.wrong(
                &key.span(),
                format!("'of' is for lists; this is type '{}'", word.text),
                "leave 'of' out",
            );
            return None;
        }
        Some(_) => Some(walk.text(section, "of")?),
        None => None,
    };
    let (outer, inner) = match (word.text.as_str(), item) {
        ("list", Some(item)) if item.text == "list" => {
            walk.wrong(&item.span, "a list of lists is not possible".to_owned(), "say what one entry holds");
            return None;
        }
        ("list", Some(item)) => (true, item),
        ("list", None) => {
            walk.wrong(
                &word.span,
                "a list lacks 'of'".to_owned(),
                "say what one entry holds: of = \"domain\"",
            );
            return None;
        }
        _ => (false, word),
    };
    let values = read_values(walk, section, inner.text == "enum", &inner.span)?;
    let Some(kind) = kind_named(&inner.text, values).filter(|_| types.contains(&inner.text.as_str())) else {
        let hint =
            suggestion(&inner.text, types.iter().copied(), || format!("types are {}", types.join(", ")));
        walk.wrong(&inner.span, format!("'{}' is no type", inner.text), hint);
        return None;
    };
    Some(if outer { Kind::List(Box::new(kind)) } else { kind })
}

fn kind_named(word: &str, values: Vec<String>) -> Option<Kind> {
    Some(match word {
        "string" => Kind::String,
        "int" => Kind::Int,
        "bool" => Kind::Bool,
        "duration" => Kind::Duration,
        "domain" => Kind::Domain,
        "fqdn" => Kind::Fqdn,
        "guid" => Kind::Guid,
        "smtp" => Kind::Smtp,
        "secret" => Kind::Secret,
        "enum" => Kind::Enum(values),
        "map" => Kind::Map,
        "any" => Kind::Any,
        _ => return None,
    })
}

/// The words of an enum; empty for other types, which must not have any. `None` where something was wrong.
fn read_values<'t>(
    walk: &mut Walk<'_, 't>,
    section: Section<'_, 't>,
    is_enum: bool,
    at: &Range<usize>,
) -> Option<Vec<String>> {
    let Some((key, _)) = section.table.get_key_value("values") else {
        if is_enum {
            walk.wrong(at, "an enum lacks 'values'".to_owned(), "list them: values = [\"full\", \"none\"]");
            return None;
        }
        return Some(Vec::new());
    };
    if !is_enum {
        walk.wrong(&key.span(), "'values' is for enums".to_owned(), "leave it out, or write type = \"enum\"");
        return None;
    }
    let texts = walk.texts(section, "values")?;
    if texts.is_empty() {
        walk.wrong(
            &key.span(),
            "an enum without values".to_owned(),
            "list at least one: values = [\"full\"]",
        );
    }
    let mut values: Vec<String> = Vec::new();
    for text in texts {
        if values.contains(&text.text) {
            walk.wrong(&text.span, format!("'{}' stands twice among the values", text.text), "leave one out");
        }
        values.push(text.text);
    }
    Some(values)
}

fn read_default<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>, param: &mut Param) {
    let Some((key, value)) = section.table.get_key_value("default") else { return };
    if param.required {
        let message = format!("parameter '{}' is required and has a default", param.name);
        walk.wrong(&key.span(), message, "leave out either 'required' or 'default'");
    }
    let checked = to_value(value.get_ref()).ok_or_else(|| "the number is too large".to_owned());
    match checked.and_then(|default| param.check(&default)) {
        Ok(default) => param.default = Some(default),
        Err(why) => walk.report(
            Code::ParameterValue,
            &value.span(),
            format!("the default of '{}': {why}", param.name),
            format!("write {}", param.kind),
        ),
    }
}

fn refuse_length_of_no_text<'t>(walk: &mut Walk<'_, 't>, section: Section<'_, 't>, param: &Param) {
    let is_text = match &param.kind {
        Kind::String | Kind::Domain | Kind::Fqdn | Kind::Smtp => true,
        Kind::Int
        | Kind::Bool
        | Kind::Duration
        | Kind::Guid
        | Kind::Secret
        | Kind::List(_)
        | Kind::Enum(_)
        | Kind::Map
        | Kind::Any => false,
    };
    if let (false, Some((key, _))) = (is_text, section.table.get_key_value("length_max")) {
        let message = format!("'length_max' limits texts; '{}' is {}", param.name, param.kind);
        walk.wrong(&key.span(), message, "leave it out");
    }
}
