//! What the codes of faults mean.

use insta::assert_snapshot;

use super::Desk;

/// What is said on standard output.
fn said(arguments: &[&str]) -> String {
    let out = Desk::new().program(arguments).output().unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn a_code_is_explained_with_an_example() {
    assert_snapshot!(said(&["explain", "p021"]));
}

#[test]
fn a_fault_of_the_inventory_is_explained() {
    assert_snapshot!(said(&["explain", "P071"]));
}

#[test]
fn a_code_without_an_example_is_explained() {
    assert_snapshot!(said(&["explain", "P001"]));
}

#[test]
fn all_codes_are_listed() {
    assert_snapshot!(said(&["explain"]));
}

#[test]
fn an_unknown_code_is_no_code() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["explain", "P0211"]), @r"
    exit 2
    error: unknown code `P0211`

    hint: did you mean `P021` (unknown stage needed)?
    ");
    desk.is_untouched();
}

#[test]
fn machines_get_the_whole_example() {
    let entry: serde_json::Value =
        serde_json::from_str(&said(&["explain", "P021", "--format", "json"])).unwrap();
    assert_eq!(entry["code"], "P021");
    assert!(
        entry["before"]
            .as_str()
            .unwrap()
            .contains("[conect-source]")
    );
    assert!(
        entry["after"]
            .as_str()
            .unwrap()
            .contains("[connect-source]")
    );
    let all: serde_json::Value =
        serde_json::from_str(&said(&["explain", "--format", "json"])).unwrap();
    assert!(all.as_array().unwrap().contains(&entry));
}
