//! One bound LDAP connection, made when it is first wanted and again when it has died.
//!
//! A refused password is remembered and not sent a second time: each try counts towards locking the
//! account. Questions are asked again once when the connection turns out to be dead; changes are
//! not, because nobody knows whether the first one arrived.

use std::error::Error as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use ldap3::Ldap;
use ldap3::LdapConnAsync;
use ldap3::LdapConnSettings;
use ldap3::LdapError;
use ldap3::Mod;
use ldap3::Scope;
use ldap3::SearchEntry;
use ldap3::StdStream;
use ldap3::controls::RawControl;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;

use super::connection::Connection;
use super::connection::Encryption;
use super::connection::fault;
use super::connection::tls;
use super::dns::DnsError;
use super::dns::Resolver;
use super::entry::Entry;
use super::error::DirectoryErrorKind;
use super::security_descriptor::Parts;

/// `LDAP_SERVER_SD_FLAGS_OID` ([MS-ADTS] 3.1.1.3.4.1.11).
const SD_FLAGS: &str = "1.2.840.113556.1.4.801";
/// LDAP result codes (RFC 4511, 4.1.9).
pub(super) const NO_SUCH_ATTRIBUTE: u32 = 16;
pub(super) const CONSTRAINT_VIOLATION: u32 = 19;
pub(super) const VALUE_EXISTS: u32 = 20;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_CREDENTIALS: u32 = 49;
const INSUFFICIENT_RIGHTS: u32 = 50;
const ENTRY_EXISTS: u32 = 68;

/// What the directory answered, or why not.
pub(super) type Answer<T> = Result<T, DirectoryErrorKind>;

/// A modification of one attribute; values are bytes.
pub(super) type Modification = Mod<Vec<u8>>;

/// The connection and what keeps it.
pub(super) struct Session {
    connection: Connection,
    resolver: Resolver,
    state: Mutex<State>,
}

enum State {
    Idle,
    Bound(Ldap),
    /// The bind was refused; the same password is not tried again.
    Refused(DirectoryErrorKind),
}

/// An operation failed, and whether that is because the connection is gone.
struct Failure {
    kind: DirectoryErrorKind,
    lost: bool,
}

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        let resolver = Resolver::new(&connection.dns, connection.timeout);
        Self {
            connection,
            resolver,
            state: Mutex::new(State::Idle),
        }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    /// Returns the entries that match, with the parts of their descriptors that are wanted.
    pub(super) async fn search(
        &self,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> Result<Vec<Entry>, DirectoryErrorKind> {
        match self
            .search_once(base, scope, filter, attributes, parts)
            .await
        {
            Err(Failure { lost: true, .. }) => {}
            result => return result.map_err(|failure| failure.kind),
        }
        let again = self
            .search_once(base, scope, filter, attributes, parts)
            .await;
        again.map_err(|failure| failure.kind)
    }

    /// Returns the one entry with this name, or `None`.
    pub(super) async fn entry(
        &self,
        dn: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> Result<Option<Entry>, DirectoryErrorKind> {
        match self
            .search(dn, Scope::Base, "(objectClass=*)", attributes, parts)
            .await
        {
            Ok(entries) => Ok(entries.into_iter().next()),
            Err(DirectoryErrorKind::NotFound) => Ok(None),
            Err(kind) => Err(kind),
        }
    }

    /// Changes one entry; the server's result code is the caller's to judge when it is not 0.
    pub(super) async fn modify(
        &self,
        dn: &str,
        modifications: Vec<Modification>,
        parts: Option<Parts>,
    ) -> Answer<ResultCode> {
        let mut ldap = self.bound().await.map_err(|failure| failure.kind)?;
        if let Some(parts) = parts {
            ldap.with_controls(sd_flags(parts));
        }
        let result = self.limited(ldap.modify(dn, modifications)).await;
        let result = result.map_err(|failure| failure.kind)?;
        Ok(ResultCode {
            code: result.rc,
            text: result.text,
        })
    }

    /// Deletes one entry.
    pub(super) async fn delete(&self, dn: &str) -> Result<(), DirectoryErrorKind> {
        let mut ldap = self.bound().await.map_err(|failure| failure.kind)?;
        let result = self
            .limited(ldap.delete(dn))
            .await
            .map_err(|failure| failure.kind)?;
        self.check(result.rc, &result.text)
    }

    /// Turns a result code into an error, unless it is 0.
    pub(super) fn check(&self, code: u32, text: &str) -> Result<(), DirectoryErrorKind> {
        let text = text.trim_end_matches('\0').trim().to_owned();
        Err(match code {
            0 => return Ok(()),
            NO_SUCH_OBJECT => DirectoryErrorKind::NotFound,
            INVALID_CREDENTIALS => DirectoryErrorKind::InvalidCredentials {
                account: self.connection.bind_name.clone(),
                code: bind_code(&text),
            },
            INSUFFICIENT_RIGHTS => {
                let account = self.connection.bind_name.clone();
                DirectoryErrorKind::InsufficientRights { account, text }
            }
            ENTRY_EXISTS | VALUE_EXISTS => DirectoryErrorKind::Conflict { with: text },
            CONSTRAINT_VIOLATION if is_uniqueness(&text) => {
                DirectoryErrorKind::Conflict { with: text }
            }
            code => DirectoryErrorKind::Other { code, text },
        })
    }

    async fn search_once(
        &self,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> Result<Vec<Entry>, Failure> {
        let mut ldap = self.bound().await?;
        if let Some(parts) = parts {
            ldap.with_controls(sd_flags(parts));
        }
        let found = self
            .limited(ldap.search(base, scope, filter, attributes))
            .await?;
        let (entries, result) = (found.0, found.1);
        self.check(result.rc, &result.text)
            .map_err(|kind| Failure { kind, lost: false })?;
        Ok(entries
            .into_iter()
            .map(|entry| SearchEntry::construct(entry).into())
            .collect())
    }

    /// Waits for an operation as long as the inventory allows, and drops a connection that failed.
    async fn limited<T>(
        &self,
        operation: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, Failure> {
        let limit = self.connection.timeout;
        let (kind, lost) = match tokio::time::timeout(limit, operation).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => {
                let lost = !matches!(
                    error,
                    LdapError::LdapResult { .. } | LdapError::FilterParsing
                );
                (self.kind(error), lost)
            }
            // An answer that comes too late must not be taken for the next one's.
            Err(_) => (
                DirectoryErrorKind::Timeout {
                    server: self.connection.server.clone(),
                    seconds: limit.as_secs(),
                },
                false,
            ),
        };
        if kind_ends_connection(&kind) {
            self.set(State::Idle);
        }
        Err(Failure { kind, lost })
    }

    /// Returns the bound connection; makes one when there is none.
    async fn bound(&self) -> Result<Ldap, Failure> {
        let live = match &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Bound(ldap) => (!ldap.is_closed()).then(|| ldap.clone()),
            State::Refused(kind) => {
                return Err(Failure {
                    kind: kind.clone(),
                    lost: false,
                });
            }
            State::Idle => None,
        };
        if let Some(ldap) = live {
            return Ok(ldap);
        }
        match self.connect().await {
            Ok(ldap) => {
                self.set(State::Bound(ldap.clone()));
                Ok(ldap)
            }
            Err(kind) => {
                if matches!(kind, DirectoryErrorKind::InvalidCredentials { .. }) {
                    self.set(State::Refused(kind.clone()));
                }
                Err(Failure { kind, lost: false })
            }
        }
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Connects, proves the server by its certificate, and binds.
    async fn connect(&self) -> Result<Ldap, DirectoryErrorKind> {
        let Connection {
            server,
            encryption,
            timeout: limit,
            ..
        } = &self.connection;
        if self.connection.password.expose_secret().is_empty() {
            return Err(DirectoryErrorKind::Unusable(
                "the password is empty".to_owned(),
            ));
        }
        if !matches!(
            ServerName::try_from(server.as_str()),
            Ok(ServerName::DnsName(_))
        ) {
            return Err(DirectoryErrorKind::Unusable(format!(
                "`{server}` is not a DNS name"
            )));
        }
        let config = tls(self.connection.ca_file.as_deref())?;
        let opening = async {
            let stream = self.open().await?;
            self.secure(stream, config, *encryption).await
        };
        let late = |_| DirectoryErrorKind::Timeout {
            server: server.clone(),
            seconds: limit.as_secs(),
        };
        let (mut ldap, driver) = tokio::time::timeout(*limit, opening)
            .await
            .map_err(late)??;
        // The LDAP library wants its connection driven beside its handle; it ends with the handle.
        let drive = tokio::spawn(driver.drive());
        drop(drive);
        let password = self.connection.password.expose_secret();
        let bind = ldap.simple_bind(&self.connection.bind_name, password);
        let answer = tokio::time::timeout(*limit, bind).await.map_err(late)?;
        let answer = answer.map_err(|error| self.kind(error))?;
        self.check(answer.rc, &answer.text)?;
        tracing::debug!(
            server,
            account = self.connection.bind_name,
            "bound to the directory"
        );
        Ok(ldap)
    }

    /// Opens the TCP connection: to the given address, else to what the domain's DNS says.
    async fn open(&self) -> Result<TcpStream, DirectoryErrorKind> {
        let Connection {
            server,
            address,
            port,
            encryption,
            dns,
            ..
        } = &self.connection;
        let port = port.unwrap_or(encryption.port());
        let unreachable = |text: String| DirectoryErrorKind::Unreachable {
            server: match address {
                Some(address) => format!("{server} ({address}:{port})"),
                None => format!("{server}:{port}"),
            },
            text,
        };
        let host = address.as_ref().unwrap_or(server);
        let stream = if host.parse::<std::net::IpAddr>().is_ok() || dns.is_empty() {
            TcpStream::connect((host.as_str(), port)).await
        } else {
            let found = self.resolver.addresses(host).await;
            let found = found.map_err(|error: DnsError| unreachable(error.to_string()))?;
            if found.is_empty() {
                return Err(unreachable(format!(
                    "the domain's DNS does not know `{host}`"
                )));
            }
            let found: Vec<_> = found.into_iter().map(|ip| (ip, port).into()).collect();
            TcpStream::connect(found.as_slice()).await
        };
        stream.map_err(|error| unreachable(error.to_string()))
    }

    async fn secure(
        &self,
        stream: TcpStream,
        config: Arc<ClientConfig>,
        encryption: Encryption,
    ) -> Result<(Ldap, LdapConnAsync), DirectoryErrorKind> {
        let server = &self.connection.server;
        let stream = stream.into_std().map_err(|error| self.kind(error.into()))?;
        let settings = LdapConnSettings::new()
            .set_config(config)
            .set_starttls(encryption == Encryption::StartTls)
            .set_std_stream(StdStream::Tcp(stream));
        let url = match encryption {
            Encryption::Ldaps => format!("ldaps://{server}"),
            Encryption::StartTls => format!("ldap://{server}"),
        };
        let pair = LdapConnAsync::with_settings(settings, &url).await;
        let (driver, ldap) = pair.map_err(|error| self.kind(error))?;
        Ok((ldap, driver))
    }

    /// Says what an error of the LDAP library means.
    ///
    /// Only its `Display` may be used: some of its variants hold the request, bind included.
    fn kind(&self, error: LdapError) -> DirectoryErrorKind {
        let server = self.connection.server.clone();
        let tls = match &error {
            LdapError::Rustls { source } => Some(source),
            LdapError::Io { source } => source
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<rustls::Error>()),
            _ => None,
        };
        if let Some(rustls::Error::InvalidCertificate(refused)) = tls {
            return DirectoryErrorKind::CertificateRefused {
                server,
                fault: fault(refused),
            };
        }
        match error {
            LdapError::LdapResult { result } => match self.check(result.rc, &result.text) {
                Err(kind) => kind,
                Ok(()) => DirectoryErrorKind::Unreadable("a success that is an error".to_owned()),
            },
            LdapError::FilterParsing => {
                DirectoryErrorKind::Unusable("the search filter is malformed".to_owned())
            }
            LdapError::Io { source } => {
                let cause = source
                    .source()
                    .map(|cause| format!(": {cause}"))
                    .unwrap_or_default();
                DirectoryErrorKind::Unreachable {
                    server,
                    text: format!("{source}{cause}"),
                }
            }
            LdapError::OpSend { .. } | LdapError::ResultRecv { .. } | LdapError::EndOfStream => {
                DirectoryErrorKind::Unreachable {
                    server,
                    text: "the connection was lost".to_owned(),
                }
            }
            other => DirectoryErrorKind::Unreachable {
                server,
                text: other.to_string(),
            },
        }
    }
}

/// The server's answer to a change.
pub(super) struct ResultCode {
    pub(super) code: u32,
    pub(super) text: String,
}

/// Asks for, or writes, some parts of a security descriptor: `SEQUENCE { INTEGER flags }`.
fn sd_flags(parts: Parts) -> RawControl {
    let val = Some(vec![0x30, 0x03, 0x02, 0x01, parts.flags()]);
    RawControl {
        ctype: SD_FLAGS.to_owned(),
        crit: true,
        val,
    }
}

/// Finds Active Directory's own code in the words of a refused bind:
/// `80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, data 52e, v4563`.
fn bind_code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("data ")?;
    let code: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    (!code.is_empty()).then(|| code.to_ascii_lowercase())
}

/// Whether the words of a constraint violation say that a name must be unique: Samba's own
/// (`samldb: spn[HOST/FSALT] would cause a conflict`), or Windows' `ERROR_DS_SPN_VALUE_NOT_UNIQUE`
/// and `ERROR_DS_UPN_VALUE_NOT_UNIQUE`, 8647 and 8648, in hexadecimal ([MS-ERREF] 2.2).
fn is_uniqueness(text: &str) -> bool {
    text.contains("conflict") || text.starts_with("000021C7") || text.starts_with("000021C8")
}

fn kind_ends_connection(kind: &DirectoryErrorKind) -> bool {
    matches!(
        kind,
        DirectoryErrorKind::Unreachable { .. } | DirectoryErrorKind::Timeout { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_refused_bind() {
        let windows = "80090308: LdapErr: DSID-0C09041C, comment: AcceptSecurityContext error, \
                       data 52e, v4563";
        assert_eq!(bind_code(windows).as_deref(), Some("52e"));
        assert_eq!(bind_code("data 775,").as_deref(), Some("775"));
        assert_eq!(bind_code("no such luck"), None);
    }

    #[test]
    fn descriptor_parts_travel_as_a_sequence_of_one_number() {
        let control = sd_flags(Parts::DACL);
        assert!(control.crit);
        assert_eq!(control.val.as_deref(), Some(&[0x30, 3, 2, 1, 4][..]));
    }
}
