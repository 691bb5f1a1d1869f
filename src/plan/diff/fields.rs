//! Two values field by field.

use std::collections::BTreeSet;

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
