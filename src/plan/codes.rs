//! The codes of diagnostics: stable, in one table.
//!
//! A code never changes its meaning and is never used again for another one.

/// One code: what it is called and what it means.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    /// The code, as in `P021`.
    pub code: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What is wrong and why it is refused, in one line.
    pub explanation: &'static str,
}

/// Returns the entry of a code.
pub fn code(code: &str) -> Option<&'static CodeEntry> {
    CODES
        .iter()
        .find(|entry| entry.code.eq_ignore_ascii_case(code))
}

const fn entry(code: &'static str, title: &'static str, explanation: &'static str) -> CodeEntry {
    CodeEntry {
        code,
        title,
        explanation,
    }
}

/// All codes, in order.
#[rustfmt::skip]
pub const CODES: &[CodeEntry] = &[
    // The text.
    entry("P001", "file cannot be read", "The file is missing, is a folder, or may not be read."),
    entry("P002", "file is empty", "The file holds no value; a plan and an inventory each open with `apiVersion`."),
    entry("P003", "file is not UTF-8", "Plans and inventories are UTF-8 text; another encoding would change names silently."),
    entry("P004", "file is too large", "The file is larger than any plan that people could read."),
    entry("P005", "not YAML", "The text breaks the rules of YAML, so nothing in it can be trusted to mean what it seems to."),
    entry("P006", "more structure than allowed", "Nesting, the number of values or the use of aliases passes the limits that keep loading quick."),
    entry("P007", "key given twice", "The same key stands twice in one map; YAML would silently keep one of the two."),
    entry("P008", "key is not a word", "A key is a map or a list, mostly because a value that starts with `{{` is not quoted."),
    entry("P009", "YAML that has no place here", "Tags, several documents, and numbers without a finite value are refused."),
    // The shape.
    entry("P010", "unknown field", "The field is not part of this format; it would be ignored silently otherwise."),
    entry("P011", "missing field", "A required field is not there."),
    entry("P012", "wrong type", "The value is of another type than the field takes."),
    entry("P013", "value not allowed", "The value is of the right type but not one that the field takes."),
    entry("P014", "wrong kind of file", "A plan was given where an inventory belongs, or the other way round."),
    entry("P015", "another format version", "The file was written for another version of sms-plan."),
    // The graph.
    entry("P020", "stage id used twice", "Two stages have the same id; the journal could not tell them apart."),
    entry("P021", "unknown stage needed", "`needs` names a stage that the plan does not have."),
    entry("P022", "stage needs itself", "A stage that needs itself could never start."),
    entry("P023", "dependency cycle", "These stages wait for each other, so none of them could ever start."),
    entry("P024", "stage stands before what it needs", "The order of the file must be an order in which the stages can run."),
    entry("P025", "stage needed twice", "`needs` names the same stage more than once."),
    entry("P026", "wait without its restart", "A numbered restart or wait does not fit the other restarts of the same computer."),
    entry("P027", "restart numbers leave a gap", "The second restart of a computer follows its first one, and so on, on every path that a pair of servers can take."),
    entry("P028", "weights do not add up", "`begins` and the weights of all stages are percents, so together they are 100; else they are scaled, and rows show other percents than the plan says."),
    entry("P029", "stage reads what never runs with it", "No kind of pair takes both the stage and the one whose result it needs."),
    // Actions and preconditions.
    entry("P030", "unknown action", "`uses` names an action that does not exist."),
    entry("P031", "action has no place there", "The action cannot act on what `on` names."),
    entry("P032", "precondition asks not exactly one question", "A precondition holds one question, and may add `when`, `message` and `early`."),
    entry("P033", "precondition has no host to ask", "The question is about a host, and the stage does not act on one."),
    entry("P034", "domain stage in a workgroup", "Wherever the stage runs, the computer that it takes out of a domain or into one is in a workgroup."),
    // Expressions.
    entry("P040", "expression cannot be read", "The text is not a CEL expression."),
    entry("P041", "unknown name in an expression", "The expression names a value or a function that does not exist."),
    entry("P042", "wrong type in an expression", "The expression compares or joins values of types that never fit, or is not a yes or no."),
    entry("P043", "output of a stage that is not needed", "Only the outputs of stages that this one needs, directly or not, are sure to be there."),
    entry("P044", "fact may not be known yet", "A fact of a host is learned when connecting, so the stage must need that host's `host.connect`."),
    entry("P045", "expression is too long", "Expressions are read by people; a long one belongs into several stages."),
    entry("P046", "expression asks too much", "Brackets, sums and loops inside each other are bounded, so that every condition is answered at once."),
    entry("P047", "condition never holds", "No kind of pair of servers makes the condition true, so the stage never runs."),
    // Templates.
    entry("P050", "template cannot be read", "The text is not a Handlebars template."),
    entry("P051", "three braces", "`{{{` switches escaping off and is never needed here."),
    entry("P052", "unknown name in a template", "The template names a value or a helper that does not exist."),
    entry("P053", "template names a group of values", "A group of values has no text; name one value in it."),
    // Secrets and names.
    entry("P060", "secret in clear", "Secrets never stand in plans and inventories; give a reference (`env`, `file`, `prompt` or `command`)."),
    entry("P061", "not a computer name", "A computer name has at most 15 letters, digits and `-`, is not only digits, and neither begins nor ends with `-`."),
    // The inventory.
    entry("P070", "unknown credential", "The inventory names a credential that it does not define."),
    entry("P071", "network mapping is not complete", "Every adapter whose addresses move needs a destination, and new addresses for the source."),
    entry("P072", "not an address", "The text is not an IP address, or not one with a prefix length."),
    entry("P073", "value has no effect there", "The value is allowed only for the other server."),
    entry("P074", "name is not checked", "Without `name` another machine at this address would not be noticed."),
    entry("P075", "directory is missing", "A computer in a domain needs the `directory` of that domain."),
    entry("P076", "adapter addresses do not fit", "The addresses of an adapter contradict each other."),
    // Plan and inventory together.
    entry("P080", "pair is not supported", "This pair of servers cannot be cut over (yet), so nothing is begun."),
    entry("P081", "source and destination are the same", "Both servers have the same name or the same address."),
    entry("P082", "plan needs what the inventory lacks", "The plan uses a value that this inventory does not give."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_stand_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(code("p023").unwrap().title, "dependency cycle");
    }
}
