//! The names of a computer: NetBIOS, account, DNS, service principal; and how names are quoted in
//! distinguished names and in search filters.

/// Service classes that a computer account may hold for each of its names. A search asks for each,
/// because a search by the end of a value reads the whole directory.
const SERVICE_CLASSES: [&str; 6] = [
    "HOST",
    "RestrictedKrbHost",
    "cifs",
    "TERMSRV",
    "WSMAN",
    "nfs",
];
/// A NetBIOS name has 16 bytes, the last of which is the kind of service.
const LONGEST_NETBIOS: usize = 15;

/// Why a text cannot be the name of a computer in a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It is empty.
    #[error("a computer name is at least one character long")]
    Empty,
    /// It is too long for NetBIOS.
    #[error("a computer name is at most 15 characters long")]
    Long,
    /// It has a character that DNS does not take.
    #[error("a computer name has letters, digits and hyphens only, not `{0}`")]
    Character(char),
    /// It starts or ends with a hyphen.
    #[error("a computer name neither starts nor ends with a hyphen")]
    Hyphen,
    /// Windows takes a name of digits for an address.
    #[error("a computer name is not made of digits alone")]
    Digits,
}

/// Checks a computer name by the rules of NetBIOS and DNS together, as Windows does when it joins
/// (learn.microsoft.com, "Naming conventions in Active Directory").
pub fn check_computer_name(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if let Some(bad) = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
    {
        return Err(NameFault::Character(bad));
    }
    if name.len() > LONGEST_NETBIOS {
        return Err(NameFault::Long);
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(NameFault::Hyphen);
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NameFault::Digits);
    }
    Ok(())
}

/// Returns the `sAMAccountName` of a computer: the name with a `$`, in capitals.
pub fn account_name(name: &str) -> String {
    format!("{}$", name.trim_end_matches('$').to_ascii_uppercase())
}

/// Returns the fully qualified DNS name, in small letters; a name that has a dot is returned whole.
pub fn fully_qualified(name: &str, domain: &str) -> String {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.contains('.') {
        name
    } else {
        format!("{name}.{}", domain.to_ascii_lowercase())
    }
}

/// Returns the first label of a name: `fs01` of `fs01.lab.test`.
pub fn short(name: &str) -> &str {
    name.split_once('.').map_or(name, |(label, _)| label)
}

/// Returns the service principal names that make a server answer to `name`: `HOST/FSALT` and
/// `HOST/fsalt.lab.test`.
pub fn host_spns(name: &str, domain: &str) -> [String; 2] {
    let netbios = short(name).to_ascii_uppercase();
    [
        format!("HOST/{netbios}"),
        format!("HOST/{}", fully_qualified(name, domain)),
    ]
}

/// Returns every service principal name, of the classes servers usually have, that holds `name`.
pub fn possible_spns(name: &str, domain: &str) -> Vec<String> {
    let full = fully_qualified(name, domain);
    let netbios = short(name).to_ascii_uppercase();
    let both = |class: &str| [format!("{class}/{netbios}"), format!("{class}/{full}")];
    SERVICE_CLASSES
        .iter()
        .flat_map(|class| both(class))
        .collect()
}

/// Returns the host of a service principal name: `fs01` of `HOST/fs01:1433/service`.
pub fn spn_host(spn: &str) -> Option<&str> {
    let (_, rest) = spn.split_once('/')?;
    let host = rest.split('/').next()?;
    Some(host.split_once(':').map_or(host, |(host, _)| host))
}

/// Returns those of `spns` that hold `name`, short or fully qualified, whatever their class.
pub fn spns_of<'a>(spns: &'a [String], name: &str, domain: &str) -> Vec<&'a str> {
    let full = fully_qualified(name, domain);
    let holds = |spn: &&str| {
        spn_host(spn).is_some_and(|host| {
            host.eq_ignore_ascii_case(short(name)) || host.eq_ignore_ascii_case(&full)
        })
    };
    spns.iter().map(String::as_str).filter(holds).collect()
}

/// Returns the distinguished name of the container above, or `None` for a single part.
pub fn parent(dn: &str) -> Option<&str> {
    split_dn(dn).map(|(_, parent)| parent)
}

/// Splits off the first part: `CN=FS01` and `OU=Servers,DC=lab,DC=test`. A quoted comma (`\,` or
/// `\2C`) does not split.
pub fn split_dn(dn: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    for (at, c) in dn.char_indices() {
        match c {
            _ if quoted => quoted = false,
            '\\' => quoted = true,
            ',' => return Some((&dn[..at], dn[at + 1..].trim_start())),
            _ => {}
        }
    }
    None
}

/// Whether two distinguished names are the same, for Active Directory: whatever their case.
pub fn same_dn(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Returns the root of a domain: `DC=lab,DC=test` of `lab.test`.
pub fn domain_dn(domain: &str) -> String {
    let parts: Vec<String> = domain
        .split('.')
        .map(|part| format!("DC={}", escape_dn(part)))
        .collect();
    parts.join(",")
}

/// Quotes a value for use in a distinguished name (RFC 4514, 2.4).
pub fn escape_dn(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (at, c) in value.chars().enumerate() {
        match c {
            '\0' => escaped.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => escaped.extend(['\\', c]),
            ' ' if at == 0 || at == last => escaped.push_str("\\ "),
            '#' if at == 0 => escaped.push_str("\\#"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Quotes a value for use in a search filter (RFC 4515, 3).
pub fn escape_filter(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\0' => escaped.push_str("\\00"),
            '(' => escaped.push_str("\\28"),
            ')' => escaped.push_str("\\29"),
            '*' => escaped.push_str("\\2a"),
            '\\' => escaped.push_str("\\5c"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Quotes bytes for use in a search filter: each as `\xx`.
pub fn escape_filter_bytes(bytes: &[u8]) -> String {
    let quoted: Vec<String> = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    quoted.concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn computer_names() {
        for good in [
            "fs01",
            "FS01-OLD",
            "a",
            "1a",
            "123456789012345x".get(1..).unwrap(),
        ] {
            assert_eq!(check_computer_name(good), Ok(()), "{good}");
        }
        for (bad, fault) in [
            ("", NameFault::Empty),
            ("1234567890123456", NameFault::Long),
            ("fs_01", NameFault::Character('_')),
            ("fs01.lab", NameFault::Character('.')),
            ("fß", NameFault::Character('ß')),
            ("-fs", NameFault::Hyphen),
            ("fs-", NameFault::Hyphen),
            ("2003", NameFault::Digits),
        ] {
            assert_eq!(check_computer_name(bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn names_of_a_server() {
        assert_eq!(account_name("fs01"), "FS01$");
        assert_eq!(account_name("FS01$"), "FS01$");
        assert_eq!(fully_qualified("FS01", "Lab.Test"), "fs01.lab.test");
        assert_eq!(
            fully_qualified("fs01.other.test.", "lab.test"),
            "fs01.other.test"
        );
        assert_eq!(
            host_spns("fsalt", "lab.test"),
            ["HOST/FSALT", "HOST/fsalt.lab.test"]
        );
        assert_eq!(
            host_spns("fsalt.lab.test", "lab.test"),
            ["HOST/FSALT", "HOST/fsalt.lab.test"]
        );
        let spns: Vec<String> = [
            "HOST/FS01",
            "HOST/fsalt.LAB.test",
            "MSSQLSvc/fsalt:1433",
            "HOST/fsalt.other.test",
            "x",
        ]
        .map(str::to_owned)
        .to_vec();
        assert_eq!(
            spns_of(&spns, "FSALT", "lab.test"),
            ["HOST/fsalt.LAB.test", "MSSQLSvc/fsalt:1433"]
        );
    }

    #[test]
    fn distinguished_names() {
        let dn = r"CN=a\,b\\,OU=Servers,DC=lab,DC=test";
        assert_eq!(parent(dn), Some("OU=Servers,DC=lab,DC=test"));
        assert_eq!(parent("DC=test"), None);
        assert_eq!(domain_dn("lab.test"), "DC=lab,DC=test");
        assert_eq!(escape_dn("#a,b+c "), r"\#a\,b\+c\ ");
        assert!(same_dn("CN=Computers,DC=lab", "cn=computers,dc=LAB"));
    }

    #[test]
    fn filters() {
        assert_eq!(escape_filter("a*(b)\\\0"), r"a\2a\28b\29\5c\00");
        assert_eq!(escape_filter_bytes(&[1, 0xfe]), r"\01\fe");
    }

    proptest! {
        #[test]
        fn no_value_breaks_out(value in ".*") {
            let escaped = escape_filter(&value);
            prop_assert!(!escaped.contains(['(', ')', '*', '\0']));
            let dn = format!("CN={},OU=Servers", escape_dn(&value));
            prop_assert_eq!(parent(&dn), Some("OU=Servers"));
        }
    }
}
