//! Whether the percents of a plan are those that it says.

use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Fault;
use super::diagnostic::Faults;

/// Sums of fractions such as 0.1 are not exact.
const NEAR: f64 = 1e-6;

/// Warns where `begins` and the weights are not 100 percent together. Without any weight, stages
/// are counted instead, and there is nothing to add up.
pub(crate) fn check(plan: &Value, stages: &[Value], faults: &mut Faults) {
    let weights: f64 = stages
        .iter()
        .filter_map(|stage| stage["weight"].as_f64())
        .sum();
    let begins = plan["begins"].as_f64().unwrap_or(0.0);
    let sum = begins + weights;
    if weights <= 0.0 || (sum - 100.0).abs() < NEAR {
        return;
    }
    let place = match plan.get("begins") {
        Some(_) => At::key("/begins"),
        None => At::key("/stages"),
    };
    let sum = (sum * 1e6).round() / 1e6;
    let label = format!("{begins} before the first stage, and {weights} in weights");
    faults.push(
        Fault::warning("P028", place, format!("`begins` and the weights add up to {sum}, not 100"))
            .label(label)
            .help("weights are scaled to fit; let them add up to 100, so that each row shows the percent meant"),
    );
}
