//! Pairs that the cutover document refuses, and those of which it is silent.

use sms_plan::plan::ACCEPTABLE;
use sms_plan::plan::Diagnostics;
use sms_plan::plan::Severity;
use sms_plan::plan::check_pair;
use sms_plan::plan::kinds;

use super::cutover;
use super::inventory;

/// An inventory with these lines for its servers.
fn pair(source: &str, destination: &str) -> Diagnostics {
    let text = format!(
        "apiVersion: sms-plan/v1
kind: Inventory
metadata: {{ name: pair }}
hosts:
  source:
    name: fs01
    address: 192.0.2.21
    credential: administrator
    newName: fs01-old
{source}
  destination:
    name: fs02
    address: 192.0.2.22
    credential: administrator
{destination}
directory:
  domain: example.test
  server: dc1.example.test
  address: 192.0.2.10
  dns: [192.0.2.10]
  credential: administrator
credentials:
  administrator: {{ username: admin, password: {{ prompt: Password }} }}
"
    );
    check_pair(&cutover(), &inventory(&text))
}

const MEMBER: &str = "    os: windows\n    osVersion: \"2025\"\n    domainJoined: true";
const WORKGROUP: &str = "    os: windows\n    osVersion: \"2025\"\n    domainJoined: false";

fn cluster(os: &str, release: &str) -> String {
    format!(
        "    os: {os}\n    osVersion: \"{release}\"\n    domainJoined: true\n    clustered: true"
    )
}

fn errors(found: &Diagnostics) -> Vec<&'static str> {
    found
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| one.code)
        .collect()
}

#[test]
fn the_documents_refusals_say_why_and_what_to_do() {
    let member_of = |release: &str| MEMBER.replace("2025", release);
    let cases = [
        ("P080", pair(MEMBER, WORKGROUP)),
        ("P083", pair(WORKGROUP, MEMBER)),
        (
            "P085",
            pair(
                &cluster("windows", "2016"),
                &format!("{MEMBER}\n    clustered: false"),
            ),
        ),
        (
            "P086",
            pair(&cluster("windows", "2008 R2"), &cluster("windows", "2025")),
        ),
        ("P087", pair(&member_of("2012R2"), MEMBER)),
        ("P087", pair(&member_of("NT 4.0"), MEMBER)),
        ("P088", pair(MEMBER, &member_of("2008 R2"))),
        ("P089", pair(&cluster("linux", "12"), MEMBER)),
    ];
    let mut shown = String::new();
    for (code, found) in cases {
        assert_eq!(errors(&found), [code], "{found}");
        shown.extend([found.render(false).as_str(), "\n"]);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_domain_controller_is_known_by_the_directory_of_the_inventory() {
    let text = |from: &str, to: &str| {
        let kind = kinds().iter().find(|kind| kind.code == "P1").unwrap();
        let text = kind.inventory().file().text().replace(from, to);
        check_pair(&cutover(), &inventory(&text))
    };
    let by_address = text("192.0.2.22", "192.0.2.10");
    assert_eq!(errors(&by_address), ["P084"]);
    let by_name = text("dc1.example.test", "fs01.example.test");
    assert_eq!(errors(&by_name), ["P084"]);
    insta::assert_snapshot!(by_name.render(false));
}

#[test]
fn every_other_kind_is_taken() {
    for kind in kinds() {
        let found = errors(&check_pair(&cutover(), &kind.inventory()));
        let silent = kind.code.starts_with('W');
        assert_eq!(
            found,
            if silent { vec!["P083"] } else { vec![] },
            "{}",
            kind.code
        );
    }
}

#[test]
fn only_what_the_document_is_silent_about_may_be_accepted() {
    let mut found = pair(WORKGROUP, MEMBER);
    for (code, says) in [
        ("P999", "there is no code `P999`"),
        (
            "P080",
            "`P080` (identity cannot leave the domain) cannot be accepted",
        ),
        (
            "P087",
            "`P087` (unknown release) does not speak against this pair",
        ),
    ] {
        assert_eq!(found.accept(code, "x").unwrap_err().to_string(), says);
        assert!(found.has_errors());
    }
    let (code, said) = found.accept("p083", "the owner agrees").unwrap();
    assert_eq!(code, "P083");
    assert!(said.contains("has no computer account"), "{said}");
    assert!(!found.has_errors());
    let lifted = found.iter().next().unwrap();
    assert_eq!(lifted.severity, Severity::Warning);
    assert_eq!(lifted.help.as_deref(), Some("accepted: the owner agrees"));
    for code in ACCEPTABLE {
        let entry = sms_plan::plan::codes::code(code).unwrap();
        assert!(entry.why.ends_with("May be accepted."), "{code}");
    }
}
