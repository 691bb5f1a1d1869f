//! Two values field by field.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::plan::pointer::escaped;

/// The fields of a stage whose change changes what it does; see [`super::super::Stage::digest`].
const OF_EFFECT: [&str; 6] = ["on", "uses", "with", "needs", "when", "preconditions"];

/// Where each element is its own name.
const SET: &str = "/needs";

/// One field that two values have differently.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// Where, as a JSON pointer. What a stage needs is a set, whose elements are named by
    /// themselves: `/needs/join-source`.
    pub field: String,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// What is there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

impl FieldChange {
    /// Returns whether a field of a stage is part of what the stage does.
    pub fn is_of_effect(&self) -> bool {
        let first = self.field.split('/').nth(1).unwrap_or_default();
        OF_EFFECT.contains(&first)
    }

    /// Returns what was there and what is there now, each in one line.
    pub fn sides(&self) -> (Option<String>, Option<String>) {
        (
            self.old.as_ref().map(written),
            self.new.as_ref().map(written),
        )
    }
}

/// One line, as in `with/script: a -> b`.
impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field.trim_start_matches('/');
        // An element of a set is its own name.
        if let Some(need) = name.strip_prefix("needs/") {
            let mark = if self.new.is_some() { '+' } else { '-' };
            return write!(f, "needs: {mark} {need}");
        }
        match self.sides() {
            (Some(old), Some(new)) => write!(f, "{name}: {old} -> {new}"),
            (Some(old), None) => write!(f, "{name}: - {old}"),
            (None, Some(new)) => write!(f, "{name}: + {new}"),
            (None, None) => Ok(()),
        }
    }
}

/// A text stands as it is, all else as JSON.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => one_line(text),
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

/// Control characters are written out: a difference must not run a terminal.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let shown: Vec<char> = if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            };
            shown
        })
        .collect()
}

/// Returns what differs, in the order of the new value, what is gone after it.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    walk(String::new(), old, new, &mut found);
    found
}

/// Values are at most 64 deep, so this may recurse.
fn walk(field: String, old: &Value, new: &Value, found: &mut Vec<FieldChange>) {
    match (old, new) {
        // One of several forms, told by its only key, against another one.
        (Value::Object(a), Value::Object(b))
            if field != SET && a.len() == 1 && b.len() == 1 && !a.keys().eq(b.keys()) =>
        {
            found.push(change(field, Some(old), Some(new)));
        }
        (Value::Object(old), Value::Object(new)) => {
            let gone: BTreeSet<&String> =
                old.keys().filter(|key| !new.contains_key(*key)).collect();
            for (key, value) in new {
                let field = format!("{field}/{}", escaped(key));
                match old.get(key) {
                    Some(before) => walk(field, before, value, found),
                    None => found.push(change(field, None, Some(value))),
                }
            }
            for key in gone {
                let field = format!("{field}/{}", escaped(key));
                found.push(change(field, old.get(key), None));
            }
        }
        (Value::Array(old), Value::Array(new)) => lists(&field, old, new, found),
        _ if same(old, new) => {}
        _ => found.push(change(field, Some(old), Some(new))),
    }
}

/// What both lists begin and end with stays; between, elements are compared one by one.
fn lists(field: &str, old: &[Value], new: &[Value], found: &mut Vec<FieldChange>) {
    let shorter = old.len().min(new.len());
    let front = (0..shorter)
        .take_while(|n| same(&old[*n], &new[*n]))
        .count();
    let back = (1..=shorter - front)
        .take_while(|n| same(&old[old.len() - n], &new[new.len() - n]))
        .count();
    let (before, now) = (&old[front..old.len() - back], &new[front..new.len() - back]);
    for n in 0..before.len().max(now.len()) {
        let field = format!("{field}/{}", front + n);
        match (before.get(n), now.get(n)) {
            (Some(before), Some(now)) => walk(field, before, now, found),
            (before, now) => found.push(change(field, before, now)),
        }
    }
}

fn change(field: String, old: Option<&Value>, new: Option<&Value>) -> FieldChange {
    FieldChange {
        field,
        old: old.cloned(),
        new: new.cloned(),
    }
}

/// Whether two values mean the same: `3` is `3.0`, and keys have no order.
fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(old: &Value, new: &Value) -> Vec<String> {
        let side = |value: Option<Value>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
        changes(old, new)
            .into_iter()
            .map(|change| format!("{} {} {}", change.field, side(change.old), side(change.new)))
            .collect()
    }

    #[test]
    fn fields_are_compared_by_meaning() {
        assert!(told(&json!({"a": 1, "b": 2}), &json!({"b": 2.0, "a": 1})).is_empty());
        assert_eq!(
            told(
                &json!({"a": 1, "x/y": {"z": 1}}),
                &json!({"x/y": {"z": 2}, "n": null})
            ),
            ["/x~1y/z 1 2", "/n - null", "/a 1 -"]
        );
        assert_eq!(
            told(&json!({"a": [1]}), &json!({"a": {"b": 1}})),
            [r#"/a [1] {"b":1}"#]
        );
    }

    #[test]
    fn what_a_list_begins_and_ends_with_stays() {
        assert_eq!(told(&json!([1, 2, 3]), &json!([1, 9, 2, 3])), ["/1 - 9"]);
        assert_eq!(told(&json!([1, 2, 3]), &json!([2, 3])), ["/0 1 -"]);
        assert_eq!(
            told(&json!([1, {"a": 1}]), &json!([1, {"a": 2}])),
            ["/1/a 1 2"]
        );
        assert_eq!(told(&json!([1, 1]), &json!([1])), ["/1 1 -"]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_differs_from_itself_and_all_else_does(a in "[ab]{0,3}", b in "[ab]{0,3}") {
            let list = |text: &str| Value::from(text.chars().map(String::from).collect::<Vec<_>>());
            proptest::prop_assert_eq!(changes(&list(&a), &list(&b)).is_empty(), a == b);
        }
    }
}
