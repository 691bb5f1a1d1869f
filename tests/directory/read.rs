//! Reading the lab's source server, beside what another LDAP client reads.

use ldap3::Scope;
use ldap3::SearchEntry;
use sms_plan::directory::DirectoryReader;
use sms_plan::directory::Parts;
use sms_plan::directory::SecurityDescriptor;

use super::Lab;

#[tokio::test]
async fn the_source_is_read_whole() {
    let Some(_lab) = Lab::open("the_source_is_read_whole") else {
        return;
    };
    let directory = Lab::admin();
    let found = directory
        .computer_by_name("fs01")
        .await
        .expect("read")
        .expect("FS01");
    let mut bare = Lab::bare("LAB_ADMIN").await;
    let wanted = vec![
        "objectGUID",
        "objectSid",
        "userAccountControl",
        "servicePrincipalName",
    ];
    let filter = "(sAMAccountName=FS01$)";
    let entries = bare
        .search(&Lab::domain_dn(), Scope::Subtree, filter, wanted)
        .await;
    let entries = entries
        .and_then(ldap3::SearchResult::success)
        .expect("search")
        .0;
    let entry = SearchEntry::construct(entries.into_iter().next().expect("FS01"));
    assert_eq!(found.dn, entry.dn);
    assert_eq!(
        found.guid.to_bytes().to_vec(),
        entry.bin_attrs["objectGUID"][0]
    );
    assert_eq!(found.sid.to_bytes(), entry.bin_attrs["objectSid"][0]);
    assert_eq!(
        found.user_account_control.to_string(),
        entry.attrs["userAccountControl"][0]
    );
    let mut spns = entry.attrs["servicePrincipalName"].clone();
    spns.sort();
    assert_eq!(found.spns, spns);
    assert_eq!(found.account_name, "FS01");
    assert!(found.parent.starts_with("OU=Servers,"), "{}", found.parent);
    assert!(
        found
            .groups
            .iter()
            .any(|dn| dn.starts_with("CN=FileServers,")),
        "{:?}",
        found.groups
    );
    assert!(
        found.spns.iter().any(|spn| spn == "HOST/FSALT"),
        "{:?}",
        found.spns
    );
    assert!(found.owner.is_some() && found.key_version.is_some());
    assert_eq!(found.enabled, found.user_account_control & 2 == 0);
    let again = directory
        .computer_by_guid(&found.guid)
        .await
        .expect("read")
        .expect("FS01");
    assert_eq!(again, found);
    let json = serde_json::to_string(&found).expect("json");
    assert_eq!(
        serde_json::from_str::<sms_plan::directory::Computer>(&json).expect("back"),
        found
    );
}

#[tokio::test]
async fn who_is_not_there_is_none() {
    let Some(_lab) = Lab::open("who_is_not_there_is_none") else {
        return;
    };
    let directory = Lab::admin();
    assert_eq!(
        directory.computer_by_name("zz-nobody").await.expect("read"),
        None
    );
    assert_eq!(directory.computer_by_name("*").await.expect("read"), None);
    let guid = "00000000-0000-0000-0000-00000000dead"
        .parse()
        .expect("a GUID");
    assert_eq!(directory.computer_by_guid(&guid).await.expect("read"), None);
}

#[tokio::test]
async fn the_domain_and_its_container() {
    let Some(_lab) = Lab::open("the_domain_and_its_container") else {
        return;
    };
    let directory = Lab::admin();
    let controller = directory.domain_controller().await.expect("read");
    assert!(controller.samba);
    assert_eq!(controller.domain_dn, Lab::domain_dn());
    let me = directory.who_am_i().await.expect("read");
    assert_eq!(me.sid.domain(), Some(controller.domain_sid));
    let container = directory.default_computer_container().await.expect("read");
    assert_eq!(container, format!("CN=Computers,{}", Lab::domain_dn()));
}

#[tokio::test]
async fn a_real_descriptor_returns_byte_for_byte_in_our_order() {
    let Some(_lab) = Lab::open("a_real_descriptor_returns_byte_for_byte_in_our_order") else {
        return;
    };
    let directory = Lab::admin();
    let computer = directory
        .computer_by_name("fs01")
        .await
        .expect("read")
        .expect("FS01");
    let all = directory
        .descriptor(&computer.guid, Parts::OWNER_GROUP_DACL)
        .await
        .expect("read");
    assert_eq!(all.owner, computer.owner);
    assert!(!all.explicit().is_empty() && !all.inherited().is_empty());
    let bytes = all.to_bytes().expect("bytes");
    assert_eq!(SecurityDescriptor::from_bytes(&bytes).expect("read"), all);
    let dacl = directory
        .descriptor(&computer.guid, Parts::DACL)
        .await
        .expect("read");
    assert_eq!(
        (&dacl.owner, &dacl.group, &dacl.dacl),
        (&None, &None, &all.dacl)
    );
}
