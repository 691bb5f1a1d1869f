//! Logging on: what works, and what each refusal says.

use std::time::Duration;
use std::time::Instant;

use sms_plan::directory::CertificateFault;
use sms_plan::directory::Connection;
use sms_plan::directory::DirectoryError;
use sms_plan::directory::DirectoryErrorKind;
use sms_plan::directory::DirectoryReader;
use sms_plan::directory::Encryption;
use sms_plan::directory::LdapDirectory;

use super::Lab;

async fn refused(connection: Connection) -> DirectoryError {
    LdapDirectory::new(connection)
        .who_am_i()
        .await
        .expect_err("refused")
}

fn chain(error: &DirectoryError) -> String {
    format!("{error}: {} {error:?}", error.kind)
}

#[tokio::test]
async fn both_encryptions_bind_and_say_who_we_are() {
    let Some(_lab) = Lab::open("both_encryptions_bind_and_say_who_we_are") else {
        return;
    };
    for encryption in [Encryption::Ldaps, Encryption::StartTls] {
        let connection = Connection {
            encryption,
            ..Lab::connection("LAB_ADMIN")
        };
        let me = LdapDirectory::new(connection)
            .who_am_i()
            .await
            .expect("bind");
        assert_eq!(me.account_name, Lab::value("LAB_ADMIN"));
        assert!(me.token.contains(&me.sid));
        assert!(
            me.token.iter().any(|sid| sid.relative() == Some(512)),
            "Domain Admins: {me:?}"
        );
    }
}

#[tokio::test]
async fn the_other_form_of_the_user_name_binds_too() {
    let Some(_lab) = Lab::open("the_other_form_of_the_user_name_binds_too") else {
        return;
    };
    let mut connection = Lab::connection("LAB_USER");
    connection.bind_name = format!("{}\\{}", Lab::value("LAB_NETBIOS"), Lab::value("LAB_USER"));
    let me = LdapDirectory::new(connection)
        .who_am_i()
        .await
        .expect("bind");
    assert_eq!(me.account_name, Lab::value("LAB_USER"));
}

#[tokio::test]
async fn the_server_is_found_by_its_name_in_the_domains_dns() {
    let Some(_lab) = Lab::open("the_server_is_found_by_its_name_in_the_domains_dns") else {
        return;
    };
    let connection = Connection {
        address: None,
        ..Lab::connection("LAB_ADMIN")
    };
    LdapDirectory::new(connection)
        .who_am_i()
        .await
        .expect("bind");
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_and_never_shown() {
    let Some(_lab) = Lab::open("a_wrong_password_is_sent_once_and_never_shown") else {
        return;
    };
    let mut connection = Lab::connection("LAB_ADMIN");
    // Nobody's account, so that nobody's is locked.
    connection.bind_name = format!("zz-nobody@{}", Lab::value("LAB_DOMAIN"));
    connection.password = "Tell-No-One-7".into();
    assert!(!format!("{connection:?}").contains("Tell-No-One-7"));
    let directory = LdapDirectory::new(connection);
    let error = directory.who_am_i().await.expect_err("refused");
    let DirectoryErrorKind::InvalidCredentials { code, .. } = &error.kind else {
        panic!("{error:?}")
    };
    assert!(matches!(code.as_deref(), Some("52e" | "525")), "{error:?}");
    assert!(!error.heals());
    assert!(!chain(&error).contains("Tell-No-One-7"));
    assert!(chain(&error).contains("zz-nobody"), "{}", chain(&error));
    // The second answer comes without a connection: at once, and the same.
    let start = Instant::now();
    let again = directory.domain_sid().await.expect_err("refused");
    assert_eq!(again.kind, error.kind);
    assert!(start.elapsed() < Duration::from_millis(1), "it asked again");
}

#[tokio::test]
async fn an_empty_password_is_no_anonymous_bind() {
    let mut connection = offline();
    connection.password = "".into();
    let error = refused(connection).await;
    assert_eq!(
        error.kind,
        DirectoryErrorKind::Unusable("the password is empty".to_owned())
    );
}

#[tokio::test]
async fn a_certificate_of_another_name_or_authority_is_refused() {
    let Some(_lab) = Lab::open("a_certificate_of_another_name_or_authority_is_refused") else {
        return;
    };
    for encryption in [Encryption::Ldaps, Encryption::StartTls] {
        let server = "dc9.lab.test".to_owned();
        let base = Connection {
            encryption,
            ..Lab::connection("LAB_ADMIN")
        };
        let error = refused(Connection {
            server: server.clone(),
            ..base.clone()
        })
        .await;
        let fault = CertificateFault::WrongName;
        assert_eq!(
            error.kind,
            DirectoryErrorKind::CertificateRefused { server, fault }
        );
        let server = base.server.clone();
        let error = refused(Connection {
            ca_file: None,
            ..base
        })
        .await;
        let fault = CertificateFault::UnknownAuthority;
        assert_eq!(
            error.kind,
            DirectoryErrorKind::CertificateRefused { server, fault }
        );
        assert!(!error.heals() && error.help().is_some_and(|help| help.contains("caFile")));
    }
}

#[tokio::test]
async fn a_dead_address_ends_in_time() {
    let Some(_lab) = Lab::open("a_dead_address_ends_in_time") else {
        return;
    };
    let base = Connection {
        timeout: Duration::from_secs(2),
        ..Lab::connection("LAB_ADMIN")
    };
    let start = Instant::now();
    let error = refused(Connection {
        address: Some("10.98.0.99".to_owned()),
        ..base
    })
    .await;
    assert!(error.is_unreachable() && error.heals(), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// A connection to a port of this machine where nobody listens.
fn offline() -> Connection {
    Connection {
        server: "dc1.lab.test".to_owned(),
        address: Some("127.0.0.1".to_owned()),
        port: Some(1),
        domain: "lab.test".to_owned(),
        ca_file: None,
        bind_name: "someone@lab.test".to_owned(),
        password: "Tell-No-One-7".into(),
        encryption: Encryption::Ldaps,
        timeout: Duration::from_secs(2),
        dns: Vec::new(),
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let error = refused(offline()).await;
    assert!(
        matches!(error.kind, DirectoryErrorKind::Unreachable { .. }),
        "{error:?}"
    );
    assert!(
        error.kind.to_string().contains("127.0.0.1:1"),
        "{}",
        error.kind
    );
}

#[tokio::test]
async fn a_silent_server_is_given_up_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = Some(listener.local_addr().expect("an address").port());
    let timeout = Duration::from_millis(300);
    for encryption in [Encryption::Ldaps, Encryption::StartTls] {
        let error = refused(Connection {
            port,
            timeout,
            encryption,
            ..offline()
        })
        .await;
        assert!(
            matches!(error.kind, DirectoryErrorKind::Timeout { .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_file_without_certificates_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "no certificate").expect("write");
    let error = refused(Connection {
        ca_file: Some(file.path().to_owned()),
        ..offline()
    })
    .await;
    let DirectoryErrorKind::Unusable(text) = &error.kind else {
        panic!("{error:?}")
    };
    assert!(text.contains(&file.path().display().to_string()), "{text}");
}
