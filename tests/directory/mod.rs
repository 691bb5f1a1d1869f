//! The directory against the real domain of the lab.
//!
//! Runs inside `examples/lab/lab run`, with `SMS_PLAN_LAB=1` and the values of `lab env` in the
//! environment (`tests/run` does that); elsewhere each test says loudly that it was skipped. The
//! tests make their own computer accounts, `ZZ-…`, and remove them, also when they fail.

mod connect;
mod dns;
mod predict;
mod read;
mod write;

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use ldap3::Ldap;
use ldap3::LdapConnAsync;
use sms_plan::directory::Computer;
use sms_plan::directory::Connection;
use sms_plan::directory::DirectoryReader;
use sms_plan::directory::Encryption;
use sms_plan::directory::LdapDirectory;

/// What the lab says of itself.
struct Lab;

impl Lab {
    /// Returns the lab, or says that `test` is skipped.
    fn open(test: &str) -> Option<Self> {
        if std::env::var("SMS_PLAN_LAB").is_ok_and(|value| value == "1") {
            return Some(Self);
        }
        // Not by the macros: what they print, the test harness keeps to itself.
        writeln!(std::io::stderr(), "SKIPPED (no lab): {test}").expect("standard error");
        None
    }

    fn value(name: &str) -> String {
        std::env::var(name).unwrap_or_else(|_| panic!("`{name}` of `lab env` is not set"))
    }

    /// The connection of the account whose name and password `lab env` gives under `account`.
    fn connection(account: &str) -> Connection {
        let domain = Self::value("LAB_DOMAIN");
        let address = Self::value("LAB_DC_ADDRESS");
        let dns: IpAddr = address.parse().expect("an address");
        Connection {
            server: Self::value("LAB_DC"),
            address: Some(address),
            port: None,
            bind_name: format!("{}@{domain}", Self::value(account)),
            domain,
            ca_file: Some(Self::value("LAB_CA").into()),
            password: Self::value(&format!("{account}_PASSWORD")).into(),
            encryption: Encryption::Ldaps,
            timeout: Duration::from_secs(10),
            dns: vec![dns],
        }
    }

    fn directory(account: &str) -> LdapDirectory {
        LdapDirectory::new(Self::connection(account))
    }

    fn admin() -> LdapDirectory {
        Self::directory("LAB_ADMIN")
    }

    fn domain_dn() -> String {
        sms_plan::directory::names::domain_dn(&Self::value("LAB_DOMAIN"))
    }

    /// Runs `check` with a new computer account `ZZ-…`, and removes the account whatever comes.
    async fn with_computer<F>(name: &str, check: impl FnOnce(LdapDirectory, Computer) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut ldap = Self::bare("LAB_ADMIN").await;
        let dn = format!("CN={name},CN=Computers,{}", Self::domain_dn());
        // One that an aborted run left behind.
        let _gone_or_never_there = ldap.delete(&dn).await;
        let added = ldap
            .add(
                &dn,
                vec![
                    ("objectClass", ["computer"].into()),
                    ("sAMAccountName", [format!("{name}$").as_str()].into()),
                    ("userAccountControl", ["4096"].into()),
                ],
            )
            .await;
        added
            .and_then(ldap3::LdapResult::success)
            .expect("add the test's computer");
        let directory = Self::admin();
        let computer = directory
            .computer_by_name(name)
            .await
            .expect("read")
            .expect("there");
        let outcome = tokio::spawn(check(directory, computer)).await;
        let _gone_by_the_test = ldap.delete(&dn).await;
        if let Err(failure) = outcome {
            std::panic::resume_unwind(failure.into_panic());
        }
    }

    /// A connection beside the tested code, which prepares and cross-checks.
    async fn bare(account: &str) -> Ldap {
        let given = Self::connection(account);
        let settings = ldap3::LdapConnSettings::new().set_no_tls_verify(true);
        let url = format!("ldaps://{}", given.server);
        let (conn, mut ldap) = LdapConnAsync::with_settings(settings, &url)
            .await
            .expect("connect");
        drop(tokio::spawn(conn.drive()));
        let password = Self::value(&format!("{account}_PASSWORD"));
        let bound = ldap.simple_bind(&given.bind_name, &password).await;
        bound.and_then(ldap3::LdapResult::success).expect("bind");
        ldap
    }
}
