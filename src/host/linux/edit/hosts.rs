//! The hosts file and the resolver's file.

use std::net::IpAddr;

/// Replaces the machine's name in a hosts file, short and with `domain`, and binds it to `address`
/// where one is given; a line that binds it to the machine itself keeps its address.
pub(in crate::host::linux) fn rename(
    text: &str,
    from: &str,
    to: &str,
    domain: Option<&str>,
    address: Option<&str>,
) -> String {
    let mut found = false;
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let (entry, comment) = match line.find('#') {
            Some(at) => line.split_at(at),
            None => (line, ""),
        };
        let mut words = entry.split_whitespace();
        let bound = words.next();
        let names: Vec<&str> = words.collect();
        let is = |word: &str, name: &str| {
            word.eq_ignore_ascii_case(name)
                || word.split_once('.').is_some_and(|(short, rest)| {
                    short.eq_ignore_ascii_case(name) && !rest.is_empty()
                })
        };
        let ours = names.iter().any(|word| is(word, from) || is(word, to));
        let Some(bound) = bound.filter(|_| ours) else {
            out.push_str(line);
            continue;
        };
        found = true;
        let loopback = bound.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let bound = if loopback {
            bound
        } else {
            address.unwrap_or(bound)
        };
        let mut written: Vec<String> = Vec::new();
        for word in names {
            let name = match word.split_once('.') {
                _ if !is(word, from) => word.to_owned(),
                Some((_, rest)) => format!("{to}.{rest}"),
                None => to.to_owned(),
            };
            if !written.contains(&name) {
                written.push(name);
            }
        }
        out.push_str(bound);
        out.push(' ');
        out.push_str(&written.join(" "));
        if !comment.is_empty() {
            out.push(' ');
            out.push_str(comment.trim_end());
        }
        out.push('\n');
    }
    if !found {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let bound = address.unwrap_or("127.0.1.1");
        let full = domain.map(|domain| format!("{to}.{} ", domain.to_ascii_lowercase()));
        let full = full.unwrap_or_default();
        out.extend([bound, " ", &full, to, "\n"]);
    }
    out
}

/// Replaces the servers of a resolver's file, and keeps all else.
pub(in crate::host::linux) fn set_nameservers(text: &str, servers: &[String]) -> String {
    let mut out: String = text
        .split_inclusive('\n')
        .filter(|line| line.split_whitespace().next() != Some("nameserver"))
        .collect();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    for server in servers {
        out.push_str("nameserver ");
        out.push_str(server);
        out.push('\n');
    }
    out
}

/// Returns the servers of a resolver's file.
pub(in crate::host::linux) fn nameservers(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("nameserver"))
                .then(|| words.next().map(str::to_owned))
                .flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_touches_the_own_name_only() {
        let text = "127.0.0.1 localhost\n10.98.0.21\tfs01.lab.test fs01 # the server\n10.0.0.9 fs011 other\n";
        assert_eq!(
            rename(
                text,
                "fs01",
                "fs01-old",
                Some("lab.test"),
                Some("10.98.0.41")
            ),
            "127.0.0.1 localhost\n10.98.0.41 fs01-old.lab.test fs01-old # the server\n10.0.0.9 fs011 other\n"
        );
    }

    #[test]
    fn twice_is_once_and_a_missing_line_is_added() {
        let once = rename("127.0.0.1 localhost", "a", "b", Some("LAB.TEST"), None);
        assert_eq!(once, "127.0.0.1 localhost\n127.0.1.1 b.lab.test b\n");
        assert_eq!(rename(&once, "a", "b", Some("LAB.TEST"), None), once);
    }

    #[test]
    fn a_loopback_line_keeps_its_address() {
        assert_eq!(
            rename("127.0.1.1 a\n", "A", "b", None, Some("10.0.0.1")),
            "127.0.1.1 b\n"
        );
    }

    #[test]
    fn nameservers_are_replaced_and_the_rest_stays() {
        let text = "search lab.test\nnameserver 1.1.1.1\noptions timeout:2\n";
        let new = set_nameservers(text, &["10.98.0.10".to_owned()]);
        assert_eq!(
            new,
            "search lab.test\noptions timeout:2\nnameserver 10.98.0.10\n"
        );
        assert_eq!(nameservers(&new), ["10.98.0.10"]);
    }
}
