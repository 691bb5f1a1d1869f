//! From a text whose structure was surveyed to its value.
//!
//! YAML is first written over as JSON, which is a tenth of its size, and that is read: the library
//! holds all events of a text until it has been read, and a value beside them would double what a
//! plan of 100,000 stages costs.

use serde::de::IgnoredAny;
use serde_json::Map;
use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Fault;
use super::pointer::escaped;
use super::source::Source;

/// Reads the value of a text; `merges` says whether a map in it takes over another one with `<<`.
pub(crate) fn read(source: &Source, merges: bool) -> Result<Value, Box<Fault>> {
    let mut json = Vec::new();
    let yaml = serde_yaml::Deserializer::from_str(source.text());
    let mut value = serde_transcode::transcode(yaml, &mut serde_json::Serializer::new(&mut json))
        .and_then(|()| serde_json::from_slice(&json))
        .map_err(|error| Box::new(not_yaml(source, &error)))?;
    drop(json);
    if merges {
        merge_all(&mut value, &mut String::new()).map_err(|place| Box::new(not_a_map(place)))?;
    }
    Ok(value)
}

/// What the survey let pass and the library does not.
fn not_yaml(source: &Source, error: &serde_json::Error) -> Fault {
    let text = source.text();
    // The error lost its place when it became one of the writer.
    let own = serde_yaml::from_str::<IgnoredAny>(text).err();
    let place = own.as_ref().and_then(serde_yaml::Error::location);
    let at = place.map_or(0, |place| place.index().min(text.len()));
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    let why = own.map_or_else(|| error.to_string(), |own| own.to_string());
    Fault::error("P005", At::bytes(at..end), format!("not YAML: {why}"))
}

/// Gives every map the fields of those that it takes over, the innermost first; fails with the
/// pointer of what is no map. Values are at most 64 deep.
fn merge_all(value: &mut Value, pointer: &mut String) -> Result<(), String> {
    let length = pointer.len();
    match value {
        Value::Array(list) => {
            for (index, value) in list.iter_mut().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                merge_all(value, pointer)?;
                pointer.truncate(length);
            }
        }
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                pointer.push('/');
                pointer.push_str(&escaped(name));
                merge_all(value, pointer)?;
                pointer.truncate(length);
            }
            if let Some(merged) = map.shift_remove("<<") {
                take_over(map, merged).map_err(|place| format!("{pointer}/<<{place}"))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Takes over the fields of a map, or of a list of maps, where there is none of that name.
fn take_over(fields: &mut Map<String, Value>, merged: Value) -> Result<(), String> {
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

fn not_a_map(place: String) -> Fault {
    let message = "`<<` takes over the fields of a map, and this is none";
    Fault::error("P009", At::value(place), message)
        .help("give it a map, or a list of maps, as in `<<: *defaults`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value, Box<Fault>> {
        read(&Source::from_text("t.yaml", text), true)
    }

    #[test]
    fn plain_words_mean_what_yaml_says() {
        let text =
            "[1, -0.5, 0x1f, true, null, ~, 007, 2008 R2, 1.0.0, \"1\", 99999999999999999999]";
        let meant = serde_json::json!([
            1, -0.5, 31, true, null, null, "007", "2008 R2", "1.0.0", "1", 1e20
        ]);
        assert_eq!(value(text).unwrap(), meant);
    }

    #[test]
    fn merges_take_over_what_is_not_given() {
        let text = "
base: &base { a: 1, b: 1 }
more: &more { <<: *base, b: 2, c: 2 }
one: { <<: *more, c: 3 }
two: { c: 3, <<: [{ a: 9 }, *more] }
";
        let read = value(text).unwrap();
        assert_eq!(read["one"], serde_json::json!({ "a": 1, "b": 2, "c": 3 }));
        assert_eq!(read["two"], serde_json::json!({ "c": 3, "a": 9, "b": 2 }));
    }

    #[test]
    fn what_is_merged_is_a_map() {
        assert!(value("a: { <<: 1 }\n").is_err());
        assert!(value("a: [{ <<: [{}, 1] }]\n").is_err());
    }
}
