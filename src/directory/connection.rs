//! How the domain controller is reached and how it proves who it is.

use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;

use super::error::CertificateFault;
use super::error::DirectoryErrorKind;

/// How the connection is encrypted. Without encryption nothing is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte, port 636.
    #[default]
    Ldaps,
    /// Plain at first, TLS before the bind, port 389.
    StartTls,
}

impl Encryption {
    /// Returns the port where servers expect it.
    pub const fn port(self) -> u16 {
        match self {
            Self::Ldaps => 636,
            Self::StartTls => 389,
        }
    }
}

/// Where the directory is and who we are there. Its `Debug` hides the password.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The domain controller's DNS name, which its certificate must carry.
    pub server: String,
    /// Where it answers, when that is not to be asked for in DNS: a name or an address.
    pub address: Option<String>,
    /// The port, when it is not the usual one.
    pub port: Option<u16>,
    /// The DNS name of the domain, as in `lab.test`.
    pub domain: String,
    /// Certificates (PEM) of the authorities that may have signed the server's; the system's own
    /// when left out.
    pub ca_file: Option<PathBuf>,
    /// `user@domain` or `DOMAIN\user`.
    pub bind_name: String,
    /// The password; an empty one is refused, because LDAP takes it for an anonymous bind.
    pub password: SecretString,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// The limit for connecting, and for each operation.
    pub timeout: Duration,
    /// The DNS servers of the domain, asked in this order.
    pub dns: Vec<IpAddr>,
}

/// Makes the TLS settings: the authorities of `ca_file`, or the system's.
pub(super) fn tls(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, DirectoryErrorKind> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let unusable = |text: String| {
                DirectoryErrorKind::Unusable(format!(
                    "the certificates in `{}` cannot be used: {text}",
                    path.display()
                ))
            };
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| unusable(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(unusable("there is none in PEM form".to_owned()));
            }
        }
        None => {
            // A system's store usually has some certificates that nobody can read any more.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    // The provider is named, because a second one in the program makes the default ambiguous.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| DirectoryErrorKind::Unusable(format!("TLS cannot be used: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Says what is wrong with a certificate that TLS refused.
pub(super) fn fault(error: &CertificateError) -> CertificateFault {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateFault::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        CertificateError::UnknownIssuer => CertificateFault::UnknownAuthority,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        // The TLS library passes this one on without a name of its own.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            CertificateFault::AuthorityAsServer
        }
        other => CertificateFault::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use rustls::OtherError;

    use super::*;

    #[test]
    fn every_refused_certificate_has_its_words() {
        let authority = std::io::Error::other("CaUsedAsEndEntity");
        for (error, expected) in [
            (CertificateError::Expired, CertificateFault::Expired),
            (CertificateError::NotValidYet, CertificateFault::NotYetValid),
            (
                CertificateError::UnknownIssuer,
                CertificateFault::UnknownAuthority,
            ),
            (
                CertificateError::NotValidForName,
                CertificateFault::WrongName,
            ),
            (
                CertificateError::Other(OtherError(Arc::new(authority))),
                CertificateFault::AuthorityAsServer,
            ),
        ] {
            assert_eq!(fault(&error), expected);
        }
        assert!(matches!(
            fault(&CertificateError::Revoked),
            CertificateFault::Other(_)
        ));
    }
}
