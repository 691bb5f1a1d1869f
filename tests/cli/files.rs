//! Files and secrets that cannot be used.

use std::fs::File;

use insta::assert_snapshot;

use super::Desk;

const APPLY: [&str; 5] = ["apply", "plan.yaml", "-i", "inventory.yaml", "--yes"];

#[test]
fn a_missing_file() {
    let desk = Desk::new();
    std::fs::remove_file(desk.path("plan.yaml")).unwrap();
    std::fs::remove_file(desk.path("inventory.yaml")).unwrap();
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn a_folder_in_the_place_of_a_file() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["apply", ".", "-i", "inventory.yaml", "--yes"]));
    desk.is_untouched();
}

#[test]
fn an_empty_file() {
    let desk = Desk::new();
    desk.write("plan.yaml", "");
    desk.write("inventory.yaml", "");
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn a_huge_file() {
    let desk = Desk::new();
    let huge = File::create(desk.path("plan.yaml")).unwrap();
    huge.set_len(1 << 40).unwrap();
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn a_file_without_end() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["apply", "/dev/zero", "-i", "inventory.yaml", "--yes"]));
    desk.is_untouched();
}

#[test]
fn a_file_that_is_not_text() {
    let desk = Desk::new();
    desk.write("plan.yaml", [0x7f, b'E', b'L', b'F', 0, 0xff, 0xfe]);
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn a_file_that_is_not_yaml() {
    let desk = Desk::new();
    desk.write("inventory.yaml", "hosts: [unclosed\n  \"and: worse");
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn an_alias_bomb() {
    let desk = Desk::new();
    let mut bomb = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n".to_owned();
    for level in 1..12 {
        let below = [format!("*x{}", level - 1).as_str()].repeat(10).join(", ");
        bomb.extend([format!("x{level}: &x{level} [{below}]\n")]);
    }
    desk.write("inventory.yaml", bomb);
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn a_secret_that_is_not_set() {
    let desk = Desk::new();
    let mut apply = desk.program(&APPLY);
    assert_snapshot!(desk.told(apply.env_remove("LAB_ADMIN_PASSWORD")));
    desk.is_untouched();
}

#[test]
fn a_key_file_that_is_not_there() {
    let desk = Desk::new();
    std::fs::remove_file(desk.path("id_ed25519")).unwrap();
    assert_snapshot!(desk.run(&APPLY));
    desk.is_untouched();
}

#[test]
fn nobody_to_ask() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&APPLY[..4]));
    desk.is_untouched();
}

#[test]
fn an_unknown_option() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["apply", "plan.yaml", "--inventroy", "inventory.yaml"]));
    desk.is_untouched();
}
