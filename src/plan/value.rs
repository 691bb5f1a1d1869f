//! From a text whose structure was surveyed to its value, in one pass over its events.
//!
//! Nothing is kept beside the value that is being made but what aliases stand for, so a plan of
//! 100,000 stages costs little more than its value. What plain words mean is YAML 1.2's core schema:
//! <https://yaml.org/spec/1.2.2/#103-core-schema>.

use std::borrow::Cow;
use std::collections::BTreeMap;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Fault;
use super::places::Survey;

/// One value that is still open.
struct Open {
    kind: Kind,
    anchor: usize,
    /// Where its own values begin among all that wait.
    from: usize,
}

enum Kind {
    Sequence,
    Map {
        key: Key,
        /// What stands under `<<`: its fields count where the map has none of that name.
        merged: Option<Value>,
    },
}

enum Key {
    /// The next scalar is a key.
    Due,
    Field(String),
    Merge,
}

/// Reads the value of a text.
pub(crate) fn read(text: &str, survey: &Survey) -> Result<Value, Box<Fault>> {
    let mut open: Vec<Open> = Vec::new();
    // The values whose map or list is still open, one list for all: so each of those is made at
    // once, with the room that it needs and no more. Those of a list have no name.
    let mut waiting: Vec<(String, Value)> = Vec::new();
    let mut anchors: BTreeMap<usize, Value> = BTreeMap::new();
    for event in Parser::new_from_str(text) {
        // The survey has read the same events.
        let (event, _) = event.map_err(|error| {
            let message = format!("this is not YAML: {}", error.info());
            Box::new(Fault::error("P005", At::value(""), message))
        })?;
        let from = waiting.len();
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => match take_key(&mut open, text, style) {
                Some(text) => (scalar(&text, style), anchor),
                None => continue,
            },
            Event::Alias(anchor) => {
                let value = anchors.get(&anchor).cloned();
                (value.unwrap_or_default(), 0)
            }
            Event::SequenceStart(anchor, _) => {
                let kind = Kind::Sequence;
                open.push(Open { kind, anchor, from });
                continue;
            }
            Event::MappingStart(anchor, _) => {
                let kind = Kind::Map {
                    key: Key::Due,
                    merged: None,
                };
                open.push(Open { kind, anchor, from });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { kind, anchor, from }) = open.pop() else {
                    continue;
                };
                let own = waiting.drain(from..);
                let value = match kind {
                    Kind::Sequence => Value::Array(own.map(|(_, value)| value).collect()),
                    Kind::Map { merged, .. } => {
                        let mut fields = own.collect();
                        if let Some(merged) = merged {
                            merge(&mut fields, merged).map_err(|place| {
                                Box::new(not_mergeable(&open, &waiting, &place))
                            })?;
                        }
                        Value::Object(fields)
                    }
                };
                (value, anchor)
            }
            _ => continue,
        };
        // Anchors may be nested, so keeping what no alias asks for could cost a multiple of the file.
        if survey.aliased.contains(&anchor) {
            anchors.insert(anchor, value.clone());
        }
        match open.last_mut().map(|open| &mut open.kind) {
            None => return Ok(value),
            Some(Kind::Sequence) => waiting.push((String::new(), value)),
            Some(Kind::Map { key, merged }) => match std::mem::replace(key, Key::Due) {
                Key::Field(name) => waiting.push((name, value)),
                Key::Merge => *merged = Some(value),
                Key::Due => {}
            },
        }
    }
    Ok(Value::Null)
}

/// Takes a scalar as a key if one is due, else gives it back.
fn take_key<'a>(open: &mut [Open], text: Cow<'a, str>, style: ScalarStyle) -> Option<Cow<'a, str>> {
    match open.last_mut().map(|open| &mut open.kind) {
        Some(Kind::Map { key, .. }) if matches!(key, Key::Due) => {
            // A copy: what the scanner puts together has room to spare.
            *key = if text == "<<" && style == ScalarStyle::Plain {
                Key::Merge
            } else {
                Key::Field(text.as_ref().to_owned())
            };
            None
        }
        _ => Some(text),
    }
}

/// Takes over the fields of a map, or of a list of maps; what is neither is named by its pointer.
fn merge(fields: &mut Map<String, Value>, merged: Value) -> Result<(), String> {
    let (sources, listed) = match merged {
        Value::Array(list) => (list, true),
        other => (vec![other], false),
    };
    for (index, source) in sources.into_iter().enumerate() {
        let Value::Object(source) = source else {
            return Err(if listed {
                format!("/{index}")
            } else {
                String::new()
            });
        };
        for (name, value) in source {
            fields.entry(name).or_insert(value);
        }
    }
    Ok(())
}

fn not_mergeable(around: &[Open], waiting: &[(String, Value)], place: &str) -> Fault {
    let mut pointer = String::new();
    for (depth, open) in around.iter().enumerate() {
        pointer.push('/');
        match &open.kind {
            Kind::Sequence => {
                let end = around
                    .get(depth + 1)
                    .map_or(waiting.len(), |next| next.from);
                pointer.push_str(&(end - open.from).to_string());
            }
            Kind::Map { key, .. } => pointer.push_str(&match key {
                Key::Field(name) => name.replace('~', "~0").replace('/', "~1"),
                Key::Merge | Key::Due => "<<".to_owned(),
            }),
        }
    }
    let message = "`<<` takes over the fields of a map, and this is none";
    Fault::error("P009", At::value(format!("{pointer}/<<{place}")), message)
        .help("give it a map, or a list of maps, as in `<<: *defaults`")
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return text.into();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        word => match number(word) {
            Some(number) => Value::Number(number),
            None => word.into(),
        },
    }
}

fn number(word: &str) -> Option<Number> {
    let (negative, digits) = match word.as_bytes().first()? {
        b'-' => (true, &word[1..]),
        b'+' => (false, &word[1..]),
        b'0'..=b'9' | b'.' => (false, word),
        _ => return None,
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            return integer(negative, digits, radix);
        }
    }
    let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    // What begins with a zero is a text: an old octal number, or a number with a meaning of its own.
    if whole && digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    let exact = whole.then(|| integer(negative, digits, 10)).flatten();
    exact.or_else(|| {
        let number: f64 = digits.parse().ok()?;
        Number::from_f64(if negative { -number } else { number })
    })
}

fn integer(negative: bool, digits: &str, radix: u32) -> Option<Number> {
    if digits.starts_with(['+', '-']) {
        return None;
    }
    if negative {
        let number = i64::from_str_radix(&format!("-{digits}"), radix);
        return number.ok().map(Number::from);
    }
    u64::from_str_radix(digits, radix).ok().map(Number::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::diagnostic::Faults;
    use super::super::places;
    use super::super::source::Source;
    use super::*;

    /// The value as this module reads it, where the survey finds nothing wrong.
    fn ours(text: &str) -> Option<Result<Value, Box<Fault>>> {
        let source = Source::from_text("t.yaml", text);
        let mut faults = Faults::default();
        let survey = places::survey(&source, &mut faults);
        (!faults.has_errors()).then(|| read(source.text(), &survey))
    }

    /// The value as another reader of YAML sees it; nothing if it has keys that are no text to it.
    fn theirs(text: &str) -> Option<Value> {
        let mut value: serde_yaml::Value = serde_yaml::from_str(text).ok()?;
        value.apply_merge().ok()?;
        worded(&value).then(|| serde_json::to_value(value).ok())?
    }

    fn worded(value: &serde_yaml::Value) -> bool {
        match value {
            serde_yaml::Value::Mapping(map) => map
                .iter()
                .all(|(key, value)| key.is_string() && worded(value)),
            serde_yaml::Value::Sequence(list) => list.iter().all(worded),
            _ => true,
        }
    }

    #[test]
    fn plain_words_mean_what_another_reader_says() {
        for word in [
            "null",
            "~",
            "Null",
            "nUll",
            "true",
            "True",
            "tRUE",
            "yes",
            "on",
            "0",
            "-0",
            "+0",
            "00",
            "007",
            "-007",
            "0.5",
            ".5",
            "5.",
            "-.5",
            "+1",
            "+-1",
            "1e3",
            "1E-3",
            "1_000",
            "0x1f",
            "-0x1F",
            "0x",
            "0o17",
            "0b11",
            "0b12",
            "18446744073709551615",
            "-9223372036854775808",
            "1e400",
            "inf",
            "nan",
            "infinity",
            "NaN",
            "2008 R2",
            "10.98.0.21",
            "1.0.0",
            "12:30",
            "-",
            "2026-11-24",
            "0xg",
            "-x",
            ".",
            "..",
            "1.",
            "e5",
            "++1",
            "0x-1",
            "9e",
            "1e+2",
        ] {
            let text = format!("a: {word}\n");
            if let Some(theirs) = theirs(&text) {
                let ours = ours(&text).and_then(Result::ok);
                assert_eq!(ours.as_ref(), Some(&theirs), "{word}");
            }
        }
    }

    #[test]
    fn more_digits_than_a_whole_number_holds_are_a_number_still() {
        let read = ours("a: 99999999999999999999\n").unwrap().unwrap();
        assert_eq!(read["a"].as_f64(), Some(1e20));
    }

    #[test]
    fn merges_take_over_what_is_not_given() {
        let text = "
base: &base { a: 1, b: 1 }
more: &more { <<: *base, b: 2, c: 2 }
one: { <<: *more, c: 3 }
two: { c: 3, <<: [{ a: 9 }, *more] }
quoted: { '<<': *base }
";
        let read = ours(text).unwrap().unwrap();
        let expected = serde_json::json!({ "a": 1, "b": 2, "c": 3 });
        assert_eq!(read["one"], expected);
        assert_eq!(read["two"], serde_json::json!({ "c": 3, "a": 9, "b": 2 }));
        assert_eq!(read["quoted"]["<<"]["a"], 1);
        assert!(ours("a: { <<: 1 }\n").unwrap().is_err());
        assert!(ours("a: [{ <<: [{}, 1] }]\n").unwrap().is_err());
    }

    #[test]
    fn the_shipped_files_read_the_same() {
        for file in ["plans/cutover.yaml", "examples/lab/inventory.yaml"] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let text = std::fs::read_to_string(path).unwrap();
            assert_eq!(ours(&text).unwrap().ok(), theirs(&text), "{file}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2048), failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever both readers take, they take for the same.
        #[test]
        fn texts_read_as_another_reader_reads_them(words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "b", ": ", ": ", "- ", "\n", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ",
                "&x ", "*x", "\"", "'", "|", ">", "|-\n", ">+\n", "# c", "1", "0.5", "-3", "0x1f",
                "true", "~", "null", "é", "<<: ", "\\n", "\r\n", " ", "text with words",
            ]),
            0..40,
        )) {
            // Without a last line break they end a block of text differently.
            let text = format!("{}\n", words.concat());
            // Of a file that is one block of text they think differently; it is no plan either way.
            if let (Some(Ok(ours @ Value::Object(_))), Some(theirs)) = (ours(&text), theirs(&text)) {
                prop_assert_eq!(ours, theirs);
            }
        }
    }
}
