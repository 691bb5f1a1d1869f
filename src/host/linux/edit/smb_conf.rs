//! The global section of `smb.conf`.
//!
//! Samba compares the names of its parameters without case and without spaces, and so do we.

/// Sets a global parameter, or removes it with `None`, wherever and however often it stands.
pub(in crate::host::linux) fn set(text: &str, key: &str, value: Option<&str>) -> String {
    let mut out: Vec<String> = Vec::new();
    // Parameters before the first section count as global ones.
    let mut global = true;
    let mut head = 0;
    let mut at = None;
    let mut dropping = false;
    for line in text.lines() {
        if dropping {
            dropping = line.ends_with('\\');
            continue;
        }
        let bare = line.trim();
        if bare.starts_with('[') {
            global = plain(bare.trim_matches(['[', ']'])) == "global";
            out.push(line.to_owned());
            if global {
                head = out.len();
            }
            continue;
        }
        let is_key = !bare.starts_with(['#', ';'])
            && bare
                .split_once('=')
                .is_some_and(|(name, _)| plain(name) == plain(key));
        if global && is_key {
            at.get_or_insert(out.len());
            dropping = line.ends_with('\\');
        } else {
            out.push(line.to_owned());
        }
    }
    if let Some(value) = value {
        out.insert(at.unwrap_or(head), format!("   {key} = {value}"));
    }
    let mut text = out.join("\n");
    text.push('\n');
    text
}

/// Returns a global parameter of what `testparm -sv` printed.
pub(in crate::host::linux) fn get<'a>(global: &'a str, key: &str) -> Option<&'a str> {
    global
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .find_map(|line| {
            let (name, value) = line.split_once('=')?;
            (plain(name) == plain(key))
                .then(|| value.trim())
                .filter(|value| !value.is_empty())
        })
}

/// Reads a list as Samba writes it: by spaces or commas.
pub(in crate::host::linux) fn list(value: Option<&str>) -> Vec<String> {
    let words = value.unwrap_or_default().split([' ', ',', '\t']);
    words
        .map(|word| word.trim_matches('"'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[global]\n   workgroup = LAB\n  NetBIOS  Name=FS01\n; netbios name = no\n\
        netbiosaliases = A \\\n  B\n[data]\n   netbios name = share\n";

    #[test]
    fn a_parameter_is_replaced_where_it_stands() {
        assert_eq!(
            set(TEXT, "netbios name", Some("FS01-OLD")),
            TEXT.replace("  NetBIOS  Name=FS01", "   netbios name = FS01-OLD")
        );
    }

    #[test]
    fn a_continued_parameter_goes_with_all_its_lines() {
        assert_eq!(
            set(TEXT, "netbios aliases", None),
            TEXT.replace("netbiosaliases = A \\\n  B\n", "")
        );
    }

    #[test]
    fn a_new_parameter_comes_first_in_the_global_section() {
        let new = set(
            "# text\n[global]\n   workgroup = LAB\n[data]\n",
            "netbios name",
            Some("X"),
        );
        assert_eq!(
            new,
            "# text\n[global]\n   netbios name = X\n   workgroup = LAB\n[data]\n"
        );
        assert_eq!(set(&new, "netbios name", Some("X")), new);
    }
}
