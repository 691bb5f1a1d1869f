//! `upgrade` as a person meets it: what is written, and what is left alone.

use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use super::Desk;

fn desk() -> Desk {
    let desk = Desk::new();
    for kind in ["plan", "inventory"] {
        let from = format!(
            "{}/tests/fixtures/upgrade/{kind}-v0.yaml",
            env!("CARGO_MANIFEST_DIR")
        );
        std::fs::copy(from, desk.path(&format!("{kind}-v0.yaml"))).unwrap();
    }
    desk
}

fn text(desk: &Desk, name: &str) -> String {
    std::fs::read_to_string(desk.path(name)).unwrap()
}

#[test]
fn a_file_is_rewritten_where_it_is() {
    let desk = desk();
    let file = desk.path("plan-v0.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("plan-v0.yaml", desk.path("link.yaml")).unwrap();
    let mut told = desk.printed(&["upgrade", "link.yaml"]);
    told += &desk.printed(&["validate", "link.yaml"]);
    told += &desk.printed(&["upgrade", "link.yaml"]);
    assert_snapshot!(told);
    assert!(desk.path("link.yaml").is_symlink());
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(text(&desk, "plan-v0.yaml").contains("apiVersion\": 'sms-plan/v1'       # quoted"));
    let left: Vec<String> = std::fs::read_dir(desk.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_check_writes_nothing() {
    let desk = desk();
    let before = text(&desk, "plan-v0.yaml");
    let mut told = desk.printed(&["upgrade", "plan-v0.yaml", "--check"]);
    told += &desk.printed(&["upgrade", "plan.yaml", "--check"]);
    assert_snapshot!(told);
    assert_eq!(text(&desk, "plan-v0.yaml"), before);
}

#[test]
fn the_result_can_go_elsewhere() {
    let desk = desk();
    let before = text(&desk, "inventory-v0.yaml");
    let printed = desk.printed(&["upgrade", "inventory-v0.yaml", "-o", "-"]);
    assert_snapshot!(printed);
    desk.run(&["upgrade", "inventory-v0.yaml", "-o", "new.yaml"]);
    assert_eq!(format!("exit 0\n{}", text(&desk, "new.yaml")), printed);
    assert_eq!(text(&desk, "inventory-v0.yaml"), before);
}

#[test]
fn a_faulty_file_is_left_alone() {
    let desk = desk();
    let faulty = text(&desk, "plan-v0.yaml").replace("action: host.connect", "action: host.conect");
    desk.write("plan-v0.yaml", &faulty);
    assert_snapshot!(desk.run(&["upgrade", "plan-v0.yaml"]));
    assert_eq!(text(&desk, "plan-v0.yaml"), faulty);
}

#[test]
fn a_newer_file_is_left_alone() {
    let desk = desk();
    let newer = text(&desk, "plan.yaml").replace("sms-plan/v1", "sms-plan/v2");
    desk.write("plan.yaml", &newer);
    assert_snapshot!(desk.run(&["upgrade", "plan.yaml"]));
    assert_eq!(text(&desk, "plan.yaml"), newer);
}
