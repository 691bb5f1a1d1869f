//! The `.network` files of systemd-networkd.

use crate::host::Route;

/// What a file says of the things that we know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::host::linux) struct Wanted {
    /// With prefix lengths.
    pub(in crate::host::linux) addresses: Vec<String>,
    pub(in crate::host::linux) gateway: Option<String>,
    pub(in crate::host::linux) dns: Vec<String>,
    pub(in crate::host::linux) routes: Vec<Route>,
    pub(in crate::host::linux) dhcp: bool,
}

/// Reads a file.
pub(in crate::host::linux) fn read(text: &str) -> Wanted {
    let mut wanted = Wanted::default();
    for section in sections(text) {
        match section.name.as_str() {
            "Network" => {
                for (key, value) in section.keys() {
                    match key {
                        "Address" => wanted.addresses.push(value.to_owned()),
                        "Gateway" => wanted.gateway = Some(value.to_owned()),
                        "DNS" => wanted
                            .dns
                            .extend(value.split_whitespace().map(str::to_owned)),
                        "DHCP" => wanted.dhcp = !matches!(value, "no" | "false" | "0" | "off"),
                        _ => {}
                    }
                }
            }
            "Address" => {
                let keys = section.keys();
                wanted.addresses.extend(
                    keys.filter(|(k, _)| *k == "Address")
                        .map(|(_, v)| v.to_owned()),
                );
            }
            "Route" => {
                let find = |name| {
                    section
                        .keys()
                        .find(|(k, _)| *k == name)
                        .map(|(_, v)| v.to_owned())
                };
                match (find("Destination"), find("Gateway")) {
                    (None, via) => wanted.gateway = via.or(wanted.gateway),
                    (Some(to), via) if to == "0.0.0.0/0" || to == "::/0" => {
                        wanted.gateway = via.or(wanted.gateway);
                    }
                    (Some(to), Some(via)) => wanted.routes.push(Route { to, via }),
                    (Some(_), None) => {}
                }
            }
            _ => {}
        }
    }
    wanted
}

/// Writes what is wanted into a file, and keeps its other keys, sections and comments.
///
/// Sections of an address or a route that stays keep their other keys.
pub(in crate::host::linux) fn write(text: &str, wanted: &Wanted) -> String {
    let mut out = String::new();
    let mut network = false;
    let mut addresses = wanted.addresses.clone();
    let mut routes = wanted.routes.clone();
    let mut rest = String::new();
    for section in sections(text) {
        match section.name.as_str() {
            "Network" => {
                let known = ["Address", "Gateway", "DNS", "DHCP"];
                let lines = section
                    .lines
                    .iter()
                    .filter(|line| !key(line).is_some_and(|k| known.contains(&k)));
                let body: Vec<&str> = lines.map(String::as_str).collect();
                out.push_str(body.join("\n").trim_end_matches('\n'));
                out.push('\n');
                if !network {
                    network = true;
                    if wanted.dhcp {
                        out.push_str("DHCP=yes\n");
                    }
                    if let Some(gateway) = &wanted.gateway {
                        out.extend(["Gateway=", gateway, "\n"]);
                    }
                    for server in &wanted.dns {
                        out.extend(["DNS=", server, "\n"]);
                    }
                }
                out.push('\n');
            }
            "Address" => {
                let own = section
                    .keys()
                    .find(|(k, _)| *k == "Address")
                    .map(|(_, v)| v.to_owned());
                if let Some(at) = addresses.iter().position(|a| Some(a) == own.as_ref())
                    && section.keys().count() > 1
                {
                    addresses.remove(at);
                    rest.push_str(&section.text());
                }
            }
            "Route" => {
                let one = read(&section.text());
                let stays = one
                    .routes
                    .first()
                    .and_then(|r| routes.iter().position(|w| w == r));
                if let Some(at) = stays {
                    routes.remove(at);
                    rest.push_str(&section.text());
                }
            }
            _ => out.push_str(&section.text()),
        }
    }
    if !network {
        out.push_str("[Network]\n\n");
        return write(&(out + &rest), wanted);
    }
    for address in addresses {
        out.extend(["[Address]\nAddress=", &address, "\n\n"]);
    }
    for route in routes {
        out.extend([
            "[Route]\nDestination=",
            &route.to,
            "\nGateway=",
            &route.via,
            "\n\n",
        ]);
    }
    let mut text = (out + &rest).trim_end_matches('\n').to_owned();
    text.push('\n');
    text
}

/// A section with its head; the first one has no name and holds what stands before the sections.
struct Section {
    name: String,
    lines: Vec<String>,
}

impl Section {
    fn keys(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines
            .iter()
            .filter_map(|line| Some((key(line)?, line.split_once('=')?.1.trim())))
    }

    fn text(&self) -> String {
        self.lines.join("\n") + "\n"
    }
}

fn key(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with(['#', ';', '[']) {
        None
    } else {
        Some(line.split_once('=')?.0.trim())
    }
}

fn sections(text: &str) -> Vec<Section> {
    let mut found = vec![Section {
        name: String::new(),
        lines: Vec::new(),
    }];
    for line in text.lines() {
        let bare = line.trim();
        if let Some(name) = bare.strip_prefix('[').and_then(|b| b.strip_suffix(']')) {
            found.push(Section {
                name: name.to_owned(),
                lines: Vec::new(),
            });
        }
        if let Some(last) = found.last_mut() {
            last.lines.push(line.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\n[Match]\nName=eth0\n\n[Network]\nGateway=10.98.0.1\nDNS=10.98.0.10\n\
        Domains=lab.test\nLinkLocalAddressing=no\n\n[Address]\nAddress=10.98.0.22/24\n\n\
        [Address]\nAddress=10.98.0.23/24\nLabel=eth0:1\n\n[Link]\nMTUBytes=1400\n";

    #[test]
    fn what_is_written_is_read_again_and_the_rest_stays() {
        let wanted = Wanted {
            addresses: vec!["10.98.0.21/24".into(), "10.98.0.23/24".into()],
            gateway: Some("10.98.0.254".into()),
            dns: vec!["10.98.0.10".into(), "10.98.0.11".into()],
            routes: vec![Route {
                to: "10.50.0.0/16".into(),
                via: "10.98.0.2".into(),
            }],
            dhcp: false,
        };
        let new = write(TEXT, &wanted);
        assert_eq!(read(&new), wanted, "{new}");
        for kept in [
            "# ours\n",
            "Name=eth0\n",
            "Domains=lab.test\n",
            "Label=eth0:1\n",
            "[Link]\nMTUBytes=1400\n",
        ] {
            assert!(new.contains(kept), "{kept} is lost:\n{new}");
        }
        assert_eq!(write(&new, &wanted), new, "twice is once");
    }

    #[test]
    fn a_file_without_the_section_gets_one() {
        let wanted = Wanted {
            addresses: vec!["10.0.0.1/8".into()],
            ..Wanted::default()
        };
        assert_eq!(read(&write("[Match]\nName=eth0\n", &wanted)), wanted);
    }
}
